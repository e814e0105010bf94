import { describeStoreConformance } from '../store-conformance.ts';
import { TestCluster } from './test-cluster.ts';

describeStoreConformance('a follower of three members', async () => {
    const cluster = await TestCluster.ofThree({ onDisk: false });
    const { store } = cluster.get(await cluster.aFollower());
    return {
        store,
        dispose: async () => {
            await cluster.close();
        },
    };
});
