import { isDns1123Label, isDns1123Subdomain } from '../../../../api/meta/name-formats.ts';
import type { Identity } from '../../identity.ts';

const serviceAccountPrefix = 'system:serviceaccount:';
const nodePrefix = 'system:node:';
const nodeNameKey = 'authentication.kubernetes.io/node-name';

/** The account of "system:serviceaccount:<namespace>:<name>"; undefined for other names. */
export function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
    if (!username.startsWith(serviceAccountPrefix)) return undefined;
    const [namespace, name, ...more] = username.slice(serviceAccountPrefix.length).split(':');
    if (!namespace || !name || more.length > 0) return undefined;
    const isValid = isDns1123Label(namespace).length === 0 && isDns1123Subdomain(name).length === 0;
    return isValid ? { namespace, name } : undefined;
}

/** The node of "system:node:<name>"; undefined for other names. */
export function nodeOf(username: string): string | undefined {
    if (!username.startsWith(nodePrefix)) return undefined;
    const name = username.slice(nodePrefix.length);
    return isDns1123Subdomain(name).length === 0 ? name : undefined;
}

/** Whether somebody is a service account, with a token that was given to a pod on this node. */
export function runsOn({ username, extra }: Identity, node: string): boolean {
    const values = Object.hasOwn(extra, nodeNameKey) ? extra[nodeNameKey] : undefined;
    return serviceAccountOf(username) !== undefined && values?.length === 1 && values[0] === node;
}
