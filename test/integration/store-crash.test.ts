import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { openStore } from '../../src/store/mvcc/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { silentLogger } from '../../src/util/logger.ts';

const rounds = 20;
const roundMsMax = 300;

interface Round {
    /** Last acknowledged step per worker. */
    acknowledged: Map<number, number>;
    revision: number;
    steps: number;
}

describe('the store after kill -9', () => {
    let directory: string;
    let writer: string;
    const cache = join(process.cwd(), 'node_modules/.cache/hyperkube-tests');

    beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hyperkube-crash-'));
        await mkdir(cache, { recursive: true });
        writer = join(await mkdtemp(join(cache, 'crash-')), 'writer.mjs');
        await build({
            entryPoints: ['test/integration/store-crash-writer.ts'],
            outfile: writer,
            bundle: true,
            platform: 'node',
            format: 'esm',
            packages: 'external',
            logLevel: 'error',
        });
    });
    afterAll(async () => {
        await rm(directory, { recursive: true, force: true });
        await rm(join(writer, '..'), { recursive: true, force: true });
    });

    it(`has everything acknowledged, in order and whole, ${rounds} times in a row`, async () => {
        const acknowledged = new Map<number, number>();
        const lines: string[] = [];
        for (let round = 1; round <= rounds; round++) {
            const result = await writeAndKill(writer, directory, Math.random() * roundMsMax);
            for (const [worker, step] of result.acknowledged) acknowledged.set(worker, step);
            const started = performance.now();
            const store = await openStore({ directory, logger: silentLogger() });
            const openMs = Math.round(performance.now() - started);
            try {
                expect(store.revision).toBeGreaterThanOrEqual(result.revision);
                const unacknowledged = await check(store, acknowledged);
                await checkHistory(store);
                lines.push(
                    `round ${round}: ${result.steps} steps acknowledged, ${unacknowledged} more on disk, ` +
                        `revision ${store.revision}, opened in ${openMs} ms`,
                );
            } finally {
                await store.close();
            }
        }
        process.stdout.write(lines.join('\n') + '\n');
    }, 60_000);
});

async function writeAndKill(writer: string, directory: string, afterMs: number): Promise<Round> {
    const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const acknowledged = new Map<number, number>();
    let revision = 0;
    let steps = 0;
    for await (const line of createInterface({ input: child.stdout })) {
        if (line === 'open') {
            setTimeout(() => child.kill('SIGKILL'), afterMs);
            continue;
        }
        const [worker = NaN, step = NaN, at = NaN] = line.split(' ').map(Number);
        acknowledged.set(worker, step);
        revision = Math.max(revision, at);
        steps += 1;
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    return { acknowledged, revision, steps };
}

/**
 * Compares with what was acknowledged, which becomes what is there; returns the number of steps that are
 * there without having been acknowledged.
 */
async function check(store: Store, acknowledged: Map<number, number>): Promise<number> {
    let more = 0;
    for (const [worker, step] of acknowledged) {
        const [a, b, d, r] = await Promise.all(
            ['a', 'b', 'd', 'r'].map(async (name) => await stepAt(store, `/w/${worker}/${name}`)),
        );
        // Acknowledged is there; what was in flight may be.
        expect(a === step || a === step + 1).toBe(true);
        more += a! - step;
        acknowledged.set(worker, a!);
        // A transaction is there as a whole.
        expect(b).toBe(a);
        expect(d).toBe(a! % 2 === 1 ? a : undefined);
        // A relaxed write before a durable one is there when that is.
        expect(r === a || r === a! + 1).toBe(true);
    }
    return more;
}

/** History from the last compaction on is without gaps and leads to the present state. */
async function checkHistory(store: Store): Promise<void> {
    const state = new Map<string, number>();
    const start = Math.max(store.compactedRevision, 1);
    const before = await store.range({ key: '/w/', end: '/w0', revision: start });
    for (const { key, modRevision } of before.kvs) state.set(key, modRevision);
    const now = await store.range({ key: '/w/', end: '/w0', keysOnly: true });
    const newest = Math.max(...now.kvs.map(({ modRevision }) => modRevision));
    await new Promise<void>((resolve) => {
        store.watch({ key: '/w/', end: '/w0', startRevision: start }, ({ revision, events }) => {
            for (const { type, kv } of events) {
                if (type === 'put') state.set(kv.key, kv.modRevision);
                else state.delete(kv.key);
            }
            if (revision === newest) resolve();
        });
    });
    expect(new Map([...state].sort())).toEqual(new Map(now.kvs.map((kv) => [kv.key, kv.modRevision])));
}

async function stepAt(store: Store, key: string): Promise<number | undefined> {
    const kv = (await store.range({ key })).kvs[0];
    return kv === undefined ? undefined : Number.parseInt(kv.value.toString(), 10);
}
