import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openStore } from '../../../src/store/mvcc/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import type { OpenFigures } from '../inside/measure-open.ts';
import type { BenchOptions } from '../options.ts';
import { count, mebibytes, progress, row, type Row } from '../report.ts';

const valueBytes = 1_024;
const writersMax = 1_000;

/** A store with a million keys of 1 KiB, or as many as asked for: what it takes to fill, open and compact. */
export async function million({ keys }: Pick<BenchOptions, 'keys'>): Promise<Row[]> {
    const overwritten = Math.floor(keys / 2);
    const directory = await mkdtemp('/var/tmp/hyperkube-million-');
    const rows: Row[] = [];
    const add = (what: string, measured: string): void => {
        rows.push(row(`${count(keys)} keys of 1 KiB, ${what}`, '', measured));
        progress(`${what}: ${measured}`);
    };
    try {
        const store = await openStore({ directory, logger: silentLogger() });
        add('written', `${await filled(store, 0, keys)}, ${mebibytes(await store.sizeBytes())} on disk`);
        const rewriting = await filled(store, 0, overwritten);
        const before = await store.sizeBytes();
        add(`${count(overwritten)} overwritten`, `${rewriting}, ${mebibytes(before)} on disk`);
        add('compaction while others write', await compaction(store));
        const between = await store.sizeBytes();
        const began = performance.now();
        await store.defragment();
        const after = await store.sizeBytes();
        add(
            'on disk before and after compaction, and after defragmentation',
            `${mebibytes(before)}, ${mebibytes(between)}, ${mebibytes(after)} in ${since(began)}`,
        );
        await store.close();
        const { openMs, cpuMs, rssBytes, rssBeforeBytes, rssPeakBytes } = await openedElsewhere(directory);
        add(
            'open',
            `${count(openMs)} ms, ${count(cpuMs)} ms of CPU, RSS ${mebibytes(rssBytes)}, ` +
                `${mebibytes(rssPeakBytes)} at most, of which ${mebibytes(rssBeforeBytes)} before`,
        );
    } finally {
        await rm(directory, { recursive: true });
    }
    return rows;
}

async function filled(store: Store, from: number, to: number): Promise<string> {
    const began = performance.now();
    let next = from;
    const write = async (): Promise<void> => {
        while (next < to) {
            const i = next++;
            await put(store, i);
        }
    };
    await Promise.all(Array.from({ length: writersMax }, write));
    return `${count(((to - from) / (performance.now() - began)) * 1_000)} txn/s`;
}

async function put(store: Store, i: number): Promise<void> {
    const key = `/registry/pods/namespace-${i % 1_000}/a-pod-with-a-usual-name-${i}`;
    const value = Buffer.alloc(valueBytes);
    // No two alike, so that compression saves what it saves with JSON, not all.
    for (let at = 0; at < valueBytes; at += 4) value.writeUInt32LE((i * 2_654_435_761 + at * at) >>> 0, at);
    await store.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
}

/** The longest time that a write took meanwhile is what clients notice. */
async function compaction(store: Store): Promise<string> {
    const began = performance.now();
    const running = { done: false };
    const compacting = store.compact(store.revision).then(async () => {
        // What is given back in the background after it.
        for (let smallest = Infinity, still = 0; still < 5; still++) {
            await new Promise((resolve) => setTimeout(resolve, 1_000));
            const size = await store.sizeBytes();
            if (size < smallest - 4 * 1024 * 1024) still = 0;
            smallest = Math.min(size, smallest);
        }
        running.done = true;
    });
    let longestMs = 0;
    for (let i = 0; !running.done; i++) {
        const before = performance.now();
        await put(store, i % 100);
        longestMs = Math.max(longestMs, performance.now() - before);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await compacting;
    return `${since(began)}, the longest write took ${count(longestMs)} ms`;
}

async function openedElsewhere(directory: string): Promise<OpenFigures> {
    const parameters = JSON.stringify({ directory });
    const script = process.argv[1] ?? '';
    const { stdout } = await promisify(execFile)(process.execPath, [
        '--expose-gc',
        script,
        '--errand',
        'measureOpen',
        parameters,
    ]);
    return JSON.parse(stdout) as OpenFigures;
}

function since(began: number): string {
    return `${count((performance.now() - began) / 1_000)} s`;
}
