import { Cluster } from '../harness/cluster.ts';

export const image = 'busybox:local';

/** Runs `work` with a fresh all-in-one cluster on a machine of its own, which is gone afterwards. */
export async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = await Cluster.create();
    try {
        return await work(cluster);
    } catch (error) {
        process.stderr.write(`${cluster.log().slice(-4000)}\n`);
        throw error;
    } finally {
        await cluster.close();
    }
}

export function pidOf(cluster: Cluster): number {
    if (cluster.pid === undefined) throw new Error('the cluster is not running');
    return cluster.pid;
}
