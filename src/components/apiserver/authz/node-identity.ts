import type { Identity } from '../identity.ts';

const nodeUserPrefix = 'system:node:';

/** The node that an identity is the kubelet of, '' for a kubelet without name; undefined for others. */
export function nodeNameOf(identity: Identity): string | undefined {
    if (!identity.username.startsWith(nodeUserPrefix)) return undefined;
    if (!identity.groups.includes('system:nodes')) return undefined;
    return identity.username.slice(nodeUserPrefix.length);
}
