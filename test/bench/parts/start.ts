import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCluster, pidOf } from '../cluster-machine.ts';
import { inside } from '../inside/errand.ts';
import type { BenchOptions } from '../options.ts';
import { median, mebibytes, row, spread, type Row } from '../report.ts';

const port = 6443;

/** How long the all-in-one process takes until it serves, and until its node is Ready; data warm, caches warm. */
export async function start({ rounds }: BenchOptions): Promise<Row[]> {
    return await withCluster(async (cluster) => {
        const command = commandLineOf(pidOf(cluster)).slice(1);
        await cluster.stop();
        const [, ...starts] = await inside(cluster.machine, 'measureStarts', {
            command,
            kubeconfig: cluster.kubeconfig,
            logFile: join(cluster.machine.directory, 'hyperkube.log'),
            port,
            rounds,
        });
        const of = (key: 'readyzMs' | 'nodeReadyMs' | 'cpuMs'): number[] => starts.map((each) => each[key]);
        return [
            row('start to /readyz ok, warm data directory', '1,000 ms', spread(of('readyzMs'), 'ms')),
            row('start to node Ready', '3,000 ms', spread(of('nodeReadyMs'), 'ms')),
            row('CPU time until node Ready', '', spread(of('cpuMs'), 'ms')),
            row('RSS at node Ready, no pods', '', mebibytes(median(starts.map(({ rssBytes }) => rssBytes)))),
        ];
    });
}

/** Started once by the harness, the same command line is used for all rounds. */
function commandLineOf(pid: number): string[] {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}
