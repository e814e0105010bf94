import { type Clock, systemClock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Store } from '../../store.ts';
import { EtcdCluster } from './etcd-cluster.ts';
import { EtcdStore } from './etcd-store.ts';
import type { EtcdTls } from './grpc-channel.ts';
import { keyNames } from './key-names.ts';

export interface OpenEtcdStoreOptions {
    /** Client URLs of the cluster's members: "http://…" or "https://…". */
    endpoints: readonly string[];
    tls?: EtcdTls;
    /**
     * What stands in etcd for the "/registry" that keys here begin with; then no other keys can be used.
     * Absent: keys are what they are.
     */
    prefix?: string;
    logger: Logger;
    clock?: Clock;
}

/**
 * A Store over an etcd cluster, version 3.4 or newer. Rejects with StoreError when no member answers. A
 * write whose answer is lost is not repeated: it rejects with 'timeout', and may have been made.
 */
export async function openEtcdStore(options: OpenEtcdStoreOptions): Promise<Store> {
    const { endpoints, tls, prefix, clock = systemClock } = options;
    const logger = options.logger.child({ part: 'etcd-client' });
    const cluster = new EtcdCluster({ endpoints, logger, clock, ...(tls === undefined ? {} : { tls }) });
    const store = new EtcdStore({ cluster, names: keyNames(prefix), logger, clock });
    try {
        await store.start();
        return store;
    } catch (error) {
        await store.close();
        throw error;
    }
}
