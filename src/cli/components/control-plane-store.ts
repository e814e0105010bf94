import { join } from 'node:path';
import type { ClusterPki } from '../../pki/cluster-pki.ts';
import type { Cluster } from '../../store/cluster.ts';
import { openStore } from '../../store/mvcc/open-store.ts';
import type { Store } from '../../store/store.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { ApiServerSetup } from './apiserver.ts';
import { FlagError } from './flag-error.ts';

export interface ControlPlaneStore {
    store: Store;
    /** Undefined where the store is a real etcd. */
    cluster: Cluster | undefined;
    /** There are, or may be, other API servers on it. */
    isShared(): boolean;
}

/** Opens where the API server keeps its objects: a real etcd with --etcd-servers, else the embedded store. */
export async function openControlPlaneStore(
    { flags, logger }: ApiServerSetup,
    _pki: ClusterPki,
    lifecycle: Lifecycle,
): Promise<ControlPlaneStore> {
    if (flags['etcd-servers'] !== '')
        throw new FlagError(
            '--etcd-servers is not supported yet: this version uses its embedded store under --data-dir',
        );
    const store = await openStore({ directory: join(flags['data-dir'], 'store'), logger });
    lifecycle.add({
        stop: async () => {
            await store.close();
        },
    });
    return { store, cluster: undefined, isShared: () => false };
}
