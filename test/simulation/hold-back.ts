import { setImmediate } from 'node:timers/promises';
import { FaultDisk } from '../../src/store/disk/fault-disk.ts';
import type { Disk } from '../../src/store/disk/disk.ts';
import { openMemoryDisk } from '../../src/store/disk/open-disk.ts';
import {
    relaxedDelayMaxMs,
    relaxedPendingBytesMax,
    relaxedPendingMax,
    renewalDelayMaxMs,
    type DiskWrite,
    type Durability,
} from '../../src/store/log/log.ts';
import { openStoreOn } from '../../src/store/mvcc/open-store.ts';
import type { Store, WatchBatch } from '../../src/store/store.ts';
import type { Clock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { Random } from './random.ts';

/** A write as its caller knows it. */
export interface IssuedWrite {
    durability: Durability;
    key: string;
    value: string;
    /** Present once it was acknowledged. */
    acknowledged?: { revision: number; atMs: number };
}

export interface HoldBackResult {
    writes: number;
    /** Acknowledged and gone after the power came back; relaxed ones and renewals only. */
    lost: number;
    oldestLostMs: number;
}

/** Idle clusters write renewals only; the first write is durable, before it nothing is held back. */
const mixes: readonly (readonly Durability[])[] = [
    ['fsync', 'relaxed', 'relaxed', 'renewal', 'renewal'],
    ['relaxed', 'renewal'],
    ['renewal'],
];

/** History is read back whole, so it is not compacted. */
const neverMs = 1e12;

/** What must never be: texts name the promise and the write. */
export class PromiseBroken extends Error {
    override readonly name = 'PromiseBroken';
}

class SteppedClock implements Clock {
    #atMs = 0;
    #timers = new Set<{ atMs: number; callback: () => void }>();

    nowMs(): number {
        return this.#atMs;
    }

    monotonicMs(): number {
        return this.#atMs;
    }

    setTimer(delayMs: number, callback: () => void): () => void {
        const timer = { atMs: this.#atMs + delayMs, callback };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
    }

    /** Every timer runs at its own time, and what it starts comes to its end, as though disks took no time. */
    async advance(byMs: number): Promise<void> {
        const endMs = this.#atMs + byMs;
        for (;;) {
            const due = [...this.#timers]
                .filter(({ atMs }) => atMs <= endMs)
                .sort((a, b) => a.atMs - b.atMs)[0];
            if (due === undefined) break;
            this.#timers.delete(due);
            this.#atMs = Math.max(this.#atMs, due.atMs);
            due.callback();
            await settle();
        }
        this.#atMs = endMs;
    }
}

async function settle(): Promise<void> {
    for (let i = 0; i < 12; i++) await setImmediate();
}

/** Keeps the batches in order, so that what a power cut leaves can be built from them. */
class RecordingDisk extends FaultDisk {
    readonly #batches: { writes: readonly DiskWrite[]; isDurable: boolean }[] = [];

    override async write(writes: readonly DiskWrite[], options: { sync: boolean }): Promise<void> {
        const batch = { writes, isDurable: false };
        this.#batches.push(batch);
        // The power may go before the disk has answered.
        await setImmediate();
        await super.write(writes, options);
        if (!options.sync) return;
        for (const earlier of this.#batches.slice(0, this.#batches.indexOf(batch) + 1))
            earlier.isDurable = true;
    }

    /** Everything durable; of the rest, a random number of whole batches from the front. */
    async afterPowerCut(random: Random): Promise<Disk> {
        const durable = this.#batches.findLastIndex(({ isDurable }) => isDurable) + 1;
        const surviving = random.between(durable, this.#batches.length);
        const disk = await openMemoryDisk();
        for (const { writes } of this.#batches.slice(0, surviving)) await disk.write(writes, { sync: true });
        return disk;
    }
}

/** The real store of a single member, whose power is cut at a random moment; throws PromiseBroken. */
export async function simulateHoldBack(seed: number): Promise<HoldBackResult> {
    const random = new Random(seed);
    const clock = new SteppedClock();
    const disk = new RecordingDisk(await openMemoryDisk());
    const options = { clock, logger: silentLogger(), autoCompaction: { ageMs: neverMs } };
    const store = await openStoreOn(disk, options);
    const issued: IssuedWrite[] = [];
    const mix = random.pick(mixes);
    for (let action = random.between(1, 60); action > 0; action--) {
        if (random.chance(0.3)) await clock.advance(random.exponential(random.pick([10, 4_000, 100_000])));
        for (let burst = random.pick([1, 1, 3, 40]); burst > 0; burst--) {
            void issue({ store, clock, random, issued, durabilities: issued.length === 0 ? ['fsync'] : mix });
        }
        const turns = random.below(30);
        for (let turn = 0; turn < turns; turn++) await setImmediate();
    }
    const nowMs = clock.monotonicMs();
    // From here on nothing that the old process does counts.
    const acknowledged = issued.flatMap((write) =>
        write.acknowledged ? [{ ...write, ...write.acknowledged }] : [],
    );
    const survivor = await openStoreOn(await disk.afterPowerCut(random), options);
    const result = await checkPromises(survivor, { acknowledged, issued, nowMs });
    await Promise.all([survivor.close(), store.close()]);
    return result;
}

async function issue(on: {
    store: Store;
    clock: Clock;
    random: Random;
    issued: IssuedWrite[];
    durabilities: readonly Durability[];
}): Promise<void> {
    const { store, clock, random, issued, durabilities } = on;
    const durability = random.pick(durabilities);
    const padding = random.chance(0.02) ? 'x'.repeat(200_000) : '';
    const write: IssuedWrite = {
        durability,
        key: `/k${random.below(6)}`,
        value: `${issued.length}${padding}`,
    };
    issued.push(write);
    const put = { type: 'put' as const, key: write.key, value: Buffer.from(write.value) };
    const { revision } = await store.txn({ compares: [], success: [put], failure: [], durability });
    write.acknowledged = { revision, atMs: clock.monotonicMs() };
}

type Acknowledged = IssuedWrite & { revision: number; atMs: number };

async function checkPromises(
    store: Store,
    before: { acknowledged: readonly Acknowledged[]; issued: readonly IssuedWrite[]; nowMs: number },
): Promise<HoldBackResult> {
    const { acknowledged, issued, nowMs } = before;
    const survived = await historyOf(store);
    const newest = Math.max(1, ...survived.keys());
    const lost = acknowledged.filter(({ revision }) => revision > newest);
    let oldestLostMs = 0;
    for (const { durability, revision, atMs } of lost) {
        if (durability === 'fsync')
            throw new PromiseBroken(`the durable write of revision ${revision} is lost`);
        const ageMs = nowMs - atMs;
        oldestLostMs = Math.max(oldestLostMs, ageMs);
        const boundMs = durability === 'relaxed' ? relaxedDelayMaxMs : renewalDelayMaxMs;
        if (ageMs > boundMs) throw new PromiseBroken(`a ${durability} write of ${ageMs} ms ago is lost`);
    }
    if (lost.length > relaxedPendingMax) throw new PromiseBroken(`${lost.length} writes are lost`);
    const lostBytes = lost.reduce((sum, { value }) => sum + value.length, 0);
    if (lostBytes > relaxedPendingBytesMax) throw new PromiseBroken(`${lostBytes} bytes are lost`);
    checkOrder(acknowledged, survived, newest);
    await checkRevisions(store, issued);
    return { writes: issued.length, lost: lost.length, oldestLostMs };
}

/** What survived is the beginning of what happened, each write at the revision its caller was told. */
function checkOrder(
    acknowledged: readonly Acknowledged[],
    survived: ReadonlyMap<number, string>,
    newest: number,
): void {
    for (let revision = 2; revision <= newest; revision++) {
        if (!survived.has(revision))
            throw new PromiseBroken(`revision ${revision} is missing below ${newest}`);
    }
    for (const { revision, key, value } of acknowledged) {
        if (revision <= newest && survived.get(revision) !== `${key}=${value}`) {
            throw new PromiseBroken(`revision ${revision} holds another write than was acknowledged`);
        }
    }
}

/** No revision that anybody may have seen is given to another write. */
async function checkRevisions(store: Store, issued: readonly IssuedWrite[]): Promise<void> {
    const put = { type: 'put' as const, key: '/after', value: Buffer.from('x') };
    const { revision } = await store.txn({ compares: [], success: [put], failure: [] });
    const seen = Math.max(1, ...issued.map(({ acknowledged }) => acknowledged?.revision ?? 0));
    if (revision <= seen)
        throw new PromiseBroken(`revision ${revision} is given out again, ${seen} was seen`);
}

/** By revision, from the store's own history. */
async function historyOf(store: Store): Promise<Map<number, string>> {
    const batches: WatchBatch[] = [];
    const watch = store.watch({ key: '/', end: '0', startRevision: 1 }, (batch) => batches.push(batch));
    await settle();
    watch.cancel();
    const writes = batches.map(({ revision, events }): [number, string] => [
        revision,
        events.map(({ kv }) => `${kv.key}=${kv.value.toString()}`).join(),
    ]);
    return new Map(writes);
}
