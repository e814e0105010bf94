import { mkdtemp, rm } from 'node:fs/promises';
import { openMemoryStore, openStore } from '../../../src/store/mvcc/open-store.ts';
import { prefixEnd, type Store } from '../../../src/store/store.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import type { BenchOptions } from '../options.ts';
import { count, mebibytes, percentile, progress, row, type Row } from '../report.ts';
import {
    type Figures,
    figuresOf,
    guardedTransactionsOfEtcd,
    loadMs,
    storeAgainstEtcd,
    textOf,
    warmUpMs,
} from './store-against-etcd.ts';

const valueBytes = 256;
const keys = 10_000;
const gets = 20_000;
const budget = "etcd's (256 B values)";
const guardedClients = 100;

/** One measurement in this process; its rows begin with `what`. */
interface Measurement {
    what: string;
    run: (what: string) => Promise<Row[]>;
}

/** The embedded store in this process, as the all-in-one uses it; then over gRPC, against etcd. */
export async function store(options: BenchOptions): Promise<Row[]> {
    return [...(await inProcess(options)), ...(await storeAgainstEtcd(options))];
}

/** The embedded store alone, in this process, on the disk of /var/tmp. CPU time is that of client and store. */
async function inProcess({ only, rounds }: BenchOptions): Promise<Row[]> {
    const directory = await mkdtemp('/var/tmp/hyperkube-store-bench-');
    const [memory, disk] = [await openMemoryStore(), await openStore({ directory, logger: silentLogger() })];
    const measurements = [
        ...puts('store in memory', memory, ''),
        ...puts('store on disk', disk, budget),
        {
            what: `store on disk, guarded transactions of ${guardedClients} at once`,
            run: async (what: string) => await guardedAgainstEtcd(what, disk, rounds),
        },
        ...reads(disk),
        ...othersWatching(disk),
        { what: 'store, compaction of all that', run: async (what: string) => await compaction(what, disk) },
        {
            what: `store, open with ${count(keys)} keys`,
            run: async (what: string) => await opened(what, { store: disk, directory }),
        },
    ].filter(({ what }) => what.includes(only));
    try {
        const rows: Row[] = [];
        if (measurements.length === 0) return rows;
        progress('the store in this process warms up');
        for (const store of [memory, disk]) await load(store, 100, { durationMs: warmUpMs, client: putter });
        await filled(disk);
        rows.push(
            row('store: warm-up, not measured', '', `${count(warmUpMs / 1_000)} s of puts of 100 at once`),
        );
        for (const { what, run } of measurements) {
            const measured = await run(what);
            for (const line of measured) progress(`${line.what}: ${line.measured}`);
            rows.push(...measured);
        }
        return rows;
    } finally {
        await memory.close();
        await disk.close();
        await rm(directory, { recursive: true });
    }
}

/** What one of several that write at once does again and again. */
type Client = (store: Store, number: number) => (i: number) => Promise<void>;

function puts(name: string, store: Store, budget: string): Measurement[] {
    return [1, 100, 1000].map((clients) => ({
        what: `${name}, puts of ${count(clients)} at once`,
        run: async (what) => [row(what, budget, textOf(await load(store, clients, { client: putter })))],
    }));
}

async function load(
    store: Store,
    clients: number,
    { durationMs = loadMs, client }: { durationMs?: number; client: Client },
): Promise<Figures> {
    const latencies: number[] = [];
    const cpu = process.cpuUsage();
    const began = performance.now();
    const work = async (number: number): Promise<void> => {
        const once = client(store, number);
        for (let i = number; performance.now() - began < durationMs; i += clients) {
            const before = performance.now();
            await once(i);
            latencies.push(performance.now() - before);
        }
    };
    await Promise.all(Array.from({ length: clients }, async (_, number) => await work(number)));
    const elapsedMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    return {
        perSecond: (latencies.length / elapsedMs) * 1_000,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
        cpuMicros: (user + system) / latencies.length,
    };
}

const putter: Client = (store) => async (i) => {
    await put(store, i);
};

/** Updates one object of its own, as the API server does: guarded by the revision that it knows. */
const guardedUpdater: Client = (store, number) => {
    const key = `/registry/leases/kube-node-lease/node-${number}`;
    let known = 0;
    return async (i) => {
        const { succeeded, revision, responses } = await store.txn({
            compares: [{ key, target: 'modRevision', result: 'equal', value: known }],
            success: [{ type: 'put', key, value: Buffer.alloc(valueBytes, i % 251), withoutPrevious: true }],
            failure: [{ type: 'range', key }],
        });
        const [found] = responses;
        const other = found?.type === 'range' ? found.kvs[0]?.modRevision : undefined;
        known = succeeded ? revision : (other ?? 0);
    };
};

/** In alternation, so that both have the same share of what else runs on the machine. */
async function guardedAgainstEtcd(what: string, store: Store, rounds: number): Promise<Row[]> {
    const etcd = await guardedTransactionsOfEtcd();
    try {
        const [own, etcds]: [Figures[], Figures[]] = [[], []];
        await load(store, guardedClients, { client: guardedUpdater });
        for (let round = 0; round < rounds; round++) {
            own.push(await load(store, guardedClients, { client: guardedUpdater }));
            etcds.push(await etcd.round());
        }
        const [ownFigures, etcdsFigures] = [figuresOf(own), figuresOf(etcds)];
        const ratio = (key: 'perSecond' | 'cpuMicros'): string =>
            (ownFigures[key] / etcdsFigures[key]).toFixed(2);
        const measured =
            `ratio ${ratio('perSecond')} (of CPU ${ratio('cpuMicros')}): ${textOf(ownFigures)}; ` +
            `etcd over gRPC ${textOf(etcdsFigures)}`;
        return [row(what, 'ratio of 1 to etcd over gRPC', measured)];
    } finally {
        await etcd.stop();
    }
}

async function filled(store: Store): Promise<void> {
    await Promise.all(
        Array.from({ length: keys }, async (_, i) => {
            await put(store, i);
        }),
    );
}

async function put(store: Store, i: number): Promise<void> {
    const key = `/registry/pods/default/pod-${i % keys}`;
    const value = Buffer.alloc(valueBytes, i % 251);
    await store.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
}

function reads(store: Store): Measurement[] {
    const key = '/registry/pods/';
    const all = { key, end: prefixEnd(key) };
    return [
        {
            what: `store, range of ${count(keys)} keys`,
            run: async (what) => {
                const began = performance.now();
                await store.range(all);
                return [row(what, '', since(began))];
            },
        },
        {
            what: 'store, single reads, one after the other',
            run: async (what) => {
                const began = performance.now();
                for (let i = 0; i < gets; i++)
                    await store.range({ key: `/registry/pods/default/pod-${i % keys}` });
                const rate = (gets / (performance.now() - began)) * 1000;
                return [row(what, budget, `${count(rate)} reads/s`)];
            },
        },
        {
            what: 'store, history replayed for a watch',
            run: async (what) => {
                // The last event must be one of the watch's.
                await put(store, 0);
                const began = performance.now();
                const events = await replayed(store, all);
                const rate = (events / (performance.now() - began)) * 1000;
                return [row(what, '', `${count(rate)} events/s`)];
            },
        },
    ];
}

async function replayed(store: Store, range: { key: string; end: string }): Promise<number> {
    return await new Promise<number>((resolve) => {
        let seen = 0;
        const last = store.revision;
        store.watch({ ...range, startRevision: Math.max(store.compactedRevision, 2) }, ({ revision }) => {
            seen += 1;
            if (revision === last) resolve(seen);
        });
    });
}

function othersWatching(store: Store): Measurement[] {
    return [
        {
            what: 'store on disk, 500 other watchers, puts of 100 at once',
            run: async (what) => {
                let delivered = 0;
                const watches = Array.from({ length: 500 }, (_, i) => {
                    const key = `/registry/other-${i}/`;
                    return store.watch(
                        { key, end: prefixEnd(key), startRevision: 0 },
                        () => (delivered += 1),
                    );
                });
                const figures = await load(store, 100, { client: putter });
                for (const watch of watches) watch.cancel();
                if (delivered > 0) throw new Error(`${delivered} events went to watchers of other prefixes`);
                return [row(what, '', textOf(figures))];
            },
        },
    ];
}

async function compaction(what: string, store: Store): Promise<Row[]> {
    const onDisk = await store.sizeBytes();
    const began = performance.now();
    await store.compact(store.revision);
    return [row(what, '', `${since(began)}, from ${mebibytes(onDisk)}`)];
}

/** The last measurement: closes the store. */
async function opened(
    what: string,
    { store, directory }: { store: Store; directory: string },
): Promise<Row[]> {
    await store.close();
    const began = performance.now();
    const again = await openStore({ directory, logger: silentLogger() });
    const measured = since(began);
    await again.close();
    return [row(what, '', measured)];
}

function since(began: number): string {
    return `${count(performance.now() - began)} ms`;
}
