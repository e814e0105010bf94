import { sleep } from '../../harness/machine.ts';
import { image, pidOf, withCluster } from '../cluster-machine.ts';
import { inside } from '../inside/errand.ts';
import type { BenchOptions } from '../options.ts';
import { usageOf } from '../process-usage.ts';
import { count, mebibytes, progress, row, type Row } from '../report.ts';

const podCount = 30;
/** Events of the pods' start are written, garbage of it is collected. */
const settleMs = 60_000;

/** What the all-in-one process uses when nothing happens, with 30 pods. */
export async function idle({ minutes }: BenchOptions): Promise<Row[]> {
    return await withCluster(async (cluster) => {
        const { elapsedMs } = await inside(cluster.machine, 'fillNode', {
            kubeconfig: cluster.kubeconfig,
            image,
            count: podCount,
        });
        const pid = pidOf(cluster);
        const busy = usageOf(pid);
        progress(`${podCount} pods run; idle for ${minutes} minutes`);
        await sleep(settleMs);
        const before = usageOf(pid);
        const began = performance.now();
        await sleep(minutes * 60_000);
        const after = usageOf(pid);
        const seconds = (performance.now() - began) / 1000;
        const perSecond = (bytes: number): string => `${count(bytes / seconds)} B/s`;
        const written = after.writtenBytes - before.writtenBytes;
        return [
            row(`${podCount} pods of Deployments to available`, '', `${count(elapsedMs)} ms`),
            row(`RSS just after ${podCount} pods were started`, '', mebibytes(busy.rssBytes)),
            row(`RSS idle, ${podCount} pods`, '150 MiB', mebibytes(after.rssBytes)),
            row(
                `CPU idle, ${podCount} pods`,
                '2 %',
                `${count((after.cpuMs - before.cpuMs) / seconds / 10)} % of one core over ${minutes} min`,
            ),
            row(
                `disk writes idle, ${podCount} pods`,
                '100 B/s',
                `${perSecond(written)} (${count(written)} B)`,
            ),
            row(
                'bytes passed to write calls, sockets included',
                '',
                perSecond(after.passedBytes - before.passedBytes),
            ),
        ];
    });
}
