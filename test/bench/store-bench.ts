/** Measures the embedded store; bundle it with esbuild (packages external). Argument: a directory on the disk to measure. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openMemoryStore, openStore } from '../../src/store/mvcc/open-store.ts';
import { prefixEnd, type Store } from '../../src/store/store.ts';
import { silentLogger } from '../../src/util/logger.ts';

const valueBytes = 256;
const keys = 10_000;
const runMs = 3_000;
const mebibyte = 1024 * 1024;

const parent = process.argv[2] ?? '/tmp';
print('RSS before', `${rss()} MiB`);
const memory = await openMemoryStore();
await measureWrites('memory', memory);
await memory.close();
const directory = await mkdtemp(join(parent, 'store-bench-'));
try {
    let store = await openStore({ directory, logger: silentLogger() });
    print('RSS, store open and empty', `${rss()} MiB`);
    await measureWrites('LevelDB', store);
    await measureReads(store);
    await measureWatchers(store);
    print('RSS', `${rss()} MiB, ${await size(store)} MiB on disk`);
    const compaction = performance.now();
    await store.compact(store.revision);
    print('compaction', `${ms(compaction)} ms, ${await size(store)} MiB on disk`);
    await store.close();
    const open = performance.now();
    store = await openStore({ directory, logger: silentLogger() });
    print('open again', `${ms(open)} ms, ${keys} keys`);
    await store.close();
} finally {
    await rm(directory, { recursive: true });
}

async function measureWrites(name: string, store: Store): Promise<void> {
    for (const proposers of [1, 100, 1000]) {
        const latencies: number[] = [];
        const started = performance.now();
        const propose = async (proposer: number): Promise<void> => {
            for (let i = proposer; performance.now() - started < runMs; i += proposers) {
                const before = performance.now();
                const key = `/registry/pods/default/pod-${i % keys}`;
                const value = Buffer.alloc(valueBytes, i % 251);
                await store.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
                latencies.push(performance.now() - before);
            }
        };
        await Promise.all(Array.from({ length: proposers }, async (_, i) => await propose(i)));
        const seconds = (performance.now() - started) / 1000;
        latencies.sort((a, b) => a - b);
        const at = (share: number): string =>
            (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2);
        print(
            `${name}, ${proposers} proposers`,
            `${Math.round(latencies.length / seconds)} txn/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
        );
    }
}

async function measureReads(store: Store): Promise<void> {
    const key = '/registry/pods/';
    const range = performance.now();
    const { count } = await store.range({ key, end: prefixEnd(key) });
    print('range', `${count} keys in ${ms(range)} ms`);
    const gets = 20_000;
    const single = performance.now();
    for (let i = 0; i < gets; i++) await store.range({ key: `/registry/pods/default/pod-${i % keys}` });
    print('one key after the other', `${Math.round((gets / (performance.now() - single)) * 1000)} reads/s`);
    const replay = performance.now();
    const events = await new Promise<number>((resolve) => {
        let seen = 0;
        const last = store.revision;
        store.watch({ key, end: prefixEnd(key), startRevision: 2 }, ({ revision }) => {
            seen += 1;
            if (revision === last) resolve(seen);
        });
    });
    print('replay for a watch', `${Math.round((events / (performance.now() - replay)) * 1000)} events/s`);
}

async function measureWatchers(store: Store): Promise<void> {
    let delivered = 0;
    for (let i = 0; i < 500; i++) {
        const key = `/registry/other-${i}/`;
        store.watch({ key, end: prefixEnd(key), startRevision: 0 }, () => (delivered += 1));
    }
    await measureWrites('with 500 watchers of other prefixes, LevelDB', store);
    print('events delivered to them', String(delivered));
}

async function size(store: Store): Promise<string> {
    return ((await store.sizeBytes()) / mebibyte).toFixed(1);
}

function rss(): string {
    return (process.memoryUsage.rss() / mebibyte).toFixed(1);
}

function ms(since: number): string {
    return (performance.now() - since).toFixed(0);
}

function print(what: string, figure: string): void {
    process.stdout.write(`${what}: ${figure}\n`);
}
