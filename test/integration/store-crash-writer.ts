/**
 * A process that writes to a store until it is killed: `node writer.mjs DIRECTORY`. Prints "open" and then
 * "WORKER STEP REVISION" for each acknowledged step. A step of a worker is a relaxed write of its key r,
 * and then one durable transaction that writes a and b, and creates (odd steps) or deletes (even ones) d.
 */
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/mvcc/open-store.ts';
import type { Store, StoreOp } from '../../src/store/store.ts';
import { createLogger } from '../../src/util/logger.ts';

const workers = 16;
const paddingBytesMax = 8_000;
const compactEverySteps = 97;

const directory = process.argv[2] ?? '';
const store = await openStore({ directory, logger: createLogger('warn') });
writeSync(1, 'open\n');
await Promise.all(Array.from({ length: workers }, async (_, worker) => await work(store, worker)));

async function work(target: Store, worker: number): Promise<never> {
    const prefix = `/w/${worker}/`;
    const last = (await target.range({ key: `${prefix}a` })).kvs[0];
    for (let step = stepOf(last?.value) + 1; ; step++) {
        const success: StoreOp[] = [put(`${prefix}r`, step)];
        await target.txn({ compares: [], success, failure: [], durability: 'relaxed' });
        const d: StoreOp = step % 2 === 1 ? put(`${prefix}d`, step) : { type: 'delete', key: `${prefix}d` };
        const { revision } = await target.txn({
            compares: [],
            success: [put(`${prefix}a`, step), put(`${prefix}b`, step), d],
            failure: [],
        });
        writeSync(1, `${worker} ${step} ${revision}\n`);
        if (step % compactEverySteps === 0) await target.compact(revision - 20);
    }
}

function put(key: string, step: number): StoreOp {
    const padding = '.'.repeat(Math.floor(Math.random() * paddingBytesMax));
    return { type: 'put', key, value: Buffer.from(`${step} ${padding}`) };
}

function stepOf(value: Buffer | undefined): number {
    return value === undefined ? 0 : Number.parseInt(value.toString(), 10);
}
