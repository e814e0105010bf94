import { image, withCluster } from '../cluster-machine.ts';
import { inside } from '../inside/errand.ts';
import type { BenchOptions } from '../options.ts';
import { count, median, row, spread, type Row } from '../report.ts';

const allowanceMs = 150;

/** One pod from create to Running, against `docker run` of its two containers on the same engine. */
export async function pods({ rounds }: BenchOptions): Promise<Row[]> {
    return await withCluster(async (cluster) => {
        const { podMs, dockerMs } = await inside(cluster.machine, 'measurePods', {
            kubeconfig: cluster.kubeconfig,
            image,
            rounds,
        });
        const budget = `${count(median(dockerMs) + allowanceMs)} ms (docker run + ${allowanceMs})`;
        return [
            row('docker run of pause and app container', '', spread(dockerMs, 'ms')),
            row('pod create to Running', budget, spread(podMs, 'ms')),
        ];
    });
}
