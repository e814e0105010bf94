import type { Identity } from '../identity.ts';

/** The user that a service account is. */
export function serviceAccountIdentity(
    namespace: string,
    name: string,
    { uid = '', extra = {} }: { uid?: string; extra?: Record<string, string[]> } = {},
): Identity {
    return {
        username: `system:serviceaccount:${namespace}:${name}`,
        uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        extra,
    };
}
