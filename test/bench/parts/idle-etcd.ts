import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from '../../harness/cluster.ts';
import { eventually, Machine, sleep } from '../../harness/machine.ts';
import { image, pidOf } from '../cluster-machine.ts';
import { inside } from '../inside/errand.ts';
import type { BenchOptions } from '../options.ts';
import { usageOf } from '../process-usage.ts';
import { count, mebibytes, progress, row, type Row } from '../report.ts';

const podCount = 30;
const settleMs = 60_000;
const etcdUrl = 'http://127.0.0.1:2379';
const peerUrl = 'http://127.0.0.1:2380';

/** What reaches the disk while nothing happens: the embedded store, and etcd under the same API server. */
export async function idleEtcd({ minutes }: BenchOptions): Promise<Row[]> {
    return [...(await idleOn('embedded store', minutes)), ...(await idleOn('etcd', minutes))];
}

async function idleOn(store: 'embedded store' | 'etcd', minutes: number): Promise<Row[]> {
    const machine = await Machine.create();
    let etcd: ChildProcess | undefined;
    let cluster: Cluster | undefined;
    try {
        if (store === 'etcd') etcd = await startEtcd(machine);
        const args = etcd === undefined ? [] : [`--etcd-servers=${etcdUrl}`];
        cluster = await Cluster.create({ machine, args });
        const { kubeconfig } = cluster;
        await inside(machine, 'fillNode', { kubeconfig, image, count: podCount });
        progress(`${store}: ${podCount} pods run; idle for ${minutes} minutes`);
        await sleep(settleMs);
        const pids = [pidOf(cluster), ...(etcd?.pid === undefined ? [] : [etcd.pid])];
        return await watchIdle(store, pids, { minutes, directory: machine.directory });
    } finally {
        etcd?.kill('SIGKILL');
        if (cluster === undefined) await machine.close();
        else await cluster.close();
    }
}

async function startEtcd(machine: Machine): Promise<ChildProcess> {
    const flags = [
        `--data-dir=${join(machine.directory, 'etcd')}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
    ];
    const etcd = machine.spawn('etcd', flags, join(machine.directory, 'etcd.log'));
    await eventually('etcd answers', async () => {
        const { code } = await machine.run('etcdctl', [`--endpoints=${etcdUrl}`, 'endpoint', 'health'], {
            env: { ETCDCTL_API: '3' },
        });
        return code === 0;
    });
    return etcd;
}

async function watchIdle(
    store: string,
    pids: readonly number[],
    { minutes, directory }: { minutes: number; directory: string },
): Promise<Row[]> {
    const written = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).writtenBytes, 0);
    const counters = pids.map((pid) => countSyncs(pid, join(directory, `syncs-${pid}`)));
    const [before, began] = [written(), performance.now()];
    await sleep(minutes * 60_000);
    const bytes = written() - before;
    const seconds = (performance.now() - began) / 1000;
    const syncs = (await Promise.all(counters.map(async (stop) => await stop()))).reduce((a, b) => a + b, 0);
    const rss = pids.map((pid) => mebibytes(usageOf(pid).rssBytes)).join(' + ');
    return [
        row(`idle on ${store}, disk writes`, '100 B/s', `${count(bytes / seconds)} B/s over ${minutes} min`),
        row(`idle on ${store}, fsyncs`, '', `${count(syncs)} (${count((syncs / seconds) * 60)} a minute)`),
        row(`idle on ${store}, RSS`, '', rss),
    ];
}

/** Counts a process's synced writes from now on, by strace; the function returned stops and tells. */
function countSyncs(pid: number, file: string): () => Promise<number> {
    const calls = 'trace=fsync,fdatasync,sync_file_range,msync';
    const strace = spawn('strace', ['-f', '-q', '-e', calls, '-o', file, '-p', String(pid)], {
        stdio: 'ignore',
    });
    strace.on('error', () => undefined);
    return async () => {
        if (strace.pid === undefined) return Number.NaN;
        const exited = once(strace, 'exit');
        strace.kill('SIGINT');
        await exited;
        // A call that another thread interrupts has two lines: the first one counts.
        const lines = readFileSync(file, 'utf8').split('\n');
        return lines.filter((line) => /sync(_file_range)?\(/.test(line)).length;
    };
}
