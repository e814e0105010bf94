import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import { describeStoreConformance } from '../store-conformance.ts';
import { openMemoryStore, openStore } from './open-store.ts';

describeStoreConformance('the store in memory', async () => ({
    store: await openMemoryStore(),
    dispose: async () => await Promise.resolve(),
}));

describeStoreConformance('the store on LevelDB', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hyperkube-store-'));
    return {
        store: await openStore({ directory, logger: silentLogger() }),
        dispose: async () => await rm(directory, { recursive: true }),
    };
});
