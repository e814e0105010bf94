import { assert } from '../../../util/assert.ts';

/** Where upstream's API server keeps everything, and ours in its store. */
export const registryPrefix = '/registry';

/** Names of keys here and in etcd, which differ when etcd is shared under another prefix. */
export interface KeyNames {
    toEtcd(key: string): string;
    fromEtcd(key: string): string;
    /** A key that is not the API's, below the prefix, for what the store needs itself. */
    readonly own: string;
}

/** "/registry/pods/a" is "<prefix>/pods/a" in etcd. Without a prefix all keys are what they are. */
export function keyNames(prefix: string | undefined): KeyNames {
    if (prefix === undefined || prefix === registryPrefix) {
        const own = `${prefix ?? ''}/hyperkube-progress`;
        return { toEtcd: (key) => key, fromEtcd: (key) => key, own };
    }
    return {
        toEtcd: (key) => {
            assert(key.startsWith(registryPrefix), 'a key outside of the registry', { key });
            return prefix + key.slice(registryPrefix.length);
        },
        fromEtcd: (key) => registryPrefix + key.slice(prefix.length),
        own: `${registryPrefix}/hyperkube-progress`,
    };
}
