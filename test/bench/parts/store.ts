import { mkdtemp, rm } from 'node:fs/promises';
import { openMemoryStore, openStore } from '../../../src/store/mvcc/open-store.ts';
import { prefixEnd, type Store } from '../../../src/store/store.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import type { BenchOptions } from '../options.ts';
import { count, median, mebibytes, percentile, row, type Row } from '../report.ts';
import { storeAgainstEtcd } from './store-against-etcd.ts';

const valueBytes = 256;
const keys = 10_000;
const runMs = 3_000;
const gets = 20_000;
const budget = "etcd's (256 B values)";

/** The embedded store in this process, as the all-in-one uses it; then over gRPC, against etcd. */
export async function store(options: BenchOptions): Promise<Row[]> {
    return [...(await inProcess()), ...(await storeAgainstEtcd(options))];
}

/** The embedded store alone, in this process, on the disk of /var/tmp. */
async function inProcess(): Promise<Row[]> {
    const rows: Row[] = [];
    const memory = await openMemoryStore();
    rows.push(...(await writes('store in memory', memory, '')));
    await memory.close();
    const directory = await mkdtemp('/var/tmp/hyperkube-store-bench-');
    try {
        let store = await openStore({ directory, logger: silentLogger() });
        rows.push(...(await writes('store on disk', store, budget)), ...(await reads(store)));
        rows.push(...(await writesWithWatchers(store)));
        const onDisk = await store.sizeBytes();
        const compaction = performance.now();
        await store.compact(store.revision);
        rows.push(
            row('store, compaction of all that', '', `${since(compaction)}, from ${mebibytes(onDisk)}`),
        );
        await store.close();
        const open = performance.now();
        store = await openStore({ directory, logger: silentLogger() });
        rows.push(row(`store, open with ${count(keys)} keys`, '', since(open)));
        await store.close();
    } finally {
        await rm(directory, { recursive: true });
    }
    return rows;
}

async function writes(name: string, store: Store, budget: string): Promise<Row[]> {
    const rows: Row[] = [];
    for (const proposers of [1, 100, 1000]) {
        const latencies: number[] = [];
        const started = performance.now();
        const propose = async (proposer: number): Promise<void> => {
            for (let i = proposer; performance.now() - started < runMs; i += proposers) {
                const before = performance.now();
                await put(store, i);
                latencies.push(performance.now() - before);
            }
        };
        await Promise.all(Array.from({ length: proposers }, async (_, i) => await propose(i)));
        const seconds = (performance.now() - started) / 1000;
        const figures = `${count(latencies.length / seconds)} txn/s, p50 ${count(median(latencies))} ms, p99 ${count(percentile(latencies, 0.99))} ms`;
        rows.push(row(`${name}, puts of ${count(proposers)} at once`, budget, figures));
    }
    return rows;
}

async function put(store: Store, i: number): Promise<void> {
    const key = `/registry/pods/default/pod-${i % keys}`;
    const value = Buffer.alloc(valueBytes, i % 251);
    await store.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
}

async function reads(store: Store): Promise<Row[]> {
    const key = '/registry/pods/';
    const range = performance.now();
    const { count: found } = await store.range({ key, end: prefixEnd(key) });
    const rangeTime = since(range);
    const single = performance.now();
    for (let i = 0; i < gets; i++) await store.range({ key: `/registry/pods/default/pod-${i % keys}` });
    const rate = (gets / (performance.now() - single)) * 1000;
    const replay = performance.now();
    const events = await replayed(store, key);
    const replayRate = (events / (performance.now() - replay)) * 1000;
    return [
        row(`store, range of ${count(found)} keys`, '', rangeTime),
        row('store, single reads, one after the other', budget, `${count(rate)} reads/s`),
        row('store, history replayed for a watch', '', `${count(replayRate)} events/s`),
    ];
}

async function replayed(store: Store, key: string): Promise<number> {
    return await new Promise<number>((resolve) => {
        let seen = 0;
        const last = store.revision;
        store.watch({ key, end: prefixEnd(key), startRevision: 2 }, ({ revision }) => {
            seen += 1;
            if (revision === last) resolve(seen);
        });
    });
}

async function writesWithWatchers(store: Store): Promise<Row[]> {
    let delivered = 0;
    for (let i = 0; i < 500; i++) {
        const key = `/registry/other-${i}/`;
        store.watch({ key, end: prefixEnd(key), startRevision: 0 }, () => (delivered += 1));
    }
    const [, rows] = await writes('store on disk, 500 other watchers', store, '');
    if (delivered > 0) throw new Error(`${delivered} events went to watchers of other prefixes`);
    return rows === undefined ? [] : [rows];
}

function since(began: number): string {
    return `${count(performance.now() - began)} ms`;
}
