import { describe, it } from '@jest/globals';
import { openEtcdStore } from '../../src/store/etcd/client/open-etcd-store.ts';
import { describeStoreConformance } from '../../src/store/store-conformance.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { isInstalled } from '../harness/installed.ts';
import { EtcdProcess } from './support/etcd-process.ts';

if (isInstalled('etcd')) {
    describeStoreConformance(
        'a real etcd',
        async () => {
            const etcd = await EtcdProcess.start();
            const store = await openEtcdStore({ endpoints: etcd.endpoints, logger: silentLogger() });
            return {
                store,
                dispose: async () => {
                    await etcd.stop();
                },
            };
        },
        { localWatches: false, eventsInKeyOrder: false, keepsDeletionAtCompaction: false },
    );
} else {
    describe('a real etcd', () => {
        it.skip('is not installed: etcd (Debian: etcd-server)', () => undefined);
    });
}
