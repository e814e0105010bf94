import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../util/logger.ts';
import { systemClock } from '../../util/clock.ts';
import type { Disk } from '../disk/disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import type { Log, Settled } from '../log/log.ts';
import { appliedWrite } from '../log/raft-records.ts';
import type { LocalStateMachine } from '../log/single-member-log.ts';
import { bytes, collect } from '../store-conformance.ts';
import { StoreError, type Compare, type StoreOp } from '../store.ts';
import type { Command, Outcome } from './command.ts';
import { MvccStore } from './mvcc-store.ts';
import { recover } from './recover.ts';

type Machine = LocalStateMachine<Command, Outcome>;

/** A member as a replicated log drives it: groups of committed commands come from outside. */
class Replica {
    readonly disk: Disk;
    readonly store: MvccStore;
    readonly #machine: Machine;
    #index = 0;

    private constructor(disk: Disk, store: MvccStore, machine: Machine) {
        this.disk = disk;
        this.store = store;
        this.#machine = machine;
    }

    static async create(): Promise<Replica> {
        const disk = await openMemoryDisk();
        await disk.write([appliedWrite({ index: 0, term: 0, revision: 1 })], { sync: true });
        return await Replica.open(disk);
    }

    static async open(disk: Disk): Promise<Replica> {
        let machine: Machine | undefined;
        const store = new MvccStore({
            disk,
            recovered: await recover(disk, { exact: true }),
            logger: silentLogger(),
            clock: systemClock,
            autoCompaction: { ageMs: 300_000 },
            leading: false,
            createLog: (created) => {
                machine = created;
                return exclusiveOnly;
            },
        });
        return new Replica(disk, store, machine!);
    }

    async apply(commands: readonly Command[]): Promise<readonly Settled<Outcome>[]> {
        const group = this.#machine.prepare(commands);
        const [, loaded] = await Promise.all([
            this.disk.write(
                [...group.writes, appliedWrite({ index: ++this.#index, term: 1, revision: group.revision })],
                { sync: false },
            ),
            group.load(),
        ]);
        expect(loaded).toBeUndefined();
        return group.commit(true);
    }

    /** Everything on disk but how far the log has come, and how. */
    async content(): Promise<string[]> {
        const content: string[] = [];
        for await (const entries of this.disk.scan({ from: Buffer.from('A'), to: Buffer.from('z') })) {
            for (const [key, value] of entries) {
                if (key[0] !== 0x68) content.push(`${key.toString('hex')} ${value.toString('hex')}`);
            }
        }
        return content;
    }
}

const exclusiveOnly: Log<Command, Outcome> = {
    propose: async () => await Promise.reject(new StoreError('noLeader', 'there is no leader')),
    readBarrier: async () => {
        await Promise.resolve();
    },
    runExclusive: async (work) => await work(),
    close: async () => {
        await Promise.resolve();
    },
};

describe('replicas of the state machine', () => {
    it.each([1, 2, 3])(
        'come to the same bytes and outcomes however commands are grouped, seed %i',
        async (seed) => {
            const random = randomFrom(seed);
            const commands = Array.from({ length: 400 }, () => randomCommand(random));
            const [one, many, restarted] = [
                await Replica.create(),
                await Replica.create(),
                await Replica.create(),
            ];
            const outcomes = [await one.apply(commands), await inGroups(many, commands, random)];
            let reopened = restarted;
            const third: Settled<Outcome>[] = [];
            for (const group of groupsOf(commands, random)) {
                third.push(...(await reopened.apply(group)));
                if (random(4) === 0) reopened = await Replica.open(reopened.disk);
            }
            outcomes.push(third);
            expect(outcomes[1]!.map(outline)).toEqual(outcomes[0]!.map(outline));
            expect(third.map(outline)).toEqual(outcomes[0]!.map(outline));
            const failed = new Set(outcomes[0]!.flatMap((settled) => reasonOf(settled) ?? []));
            expect([...failed]).toEqual(expect.arrayContaining(['leaseNotFound', 'futureRevision']));
            expect(one.store.compactedRevision).toBeGreaterThan(0);
            const hashes = [];
            for (const { store } of [one, many, reopened]) hashes.push(await store.hashKv(0));
            expect(hashes[1]).toEqual(hashes[0]);
            expect(hashes[2]).toEqual(hashes[0]);
            expect(await many.content()).toEqual(await one.content());
            expect(many.store.revision).toBe(one.store.revision);
            expect(reopened.store.revision).toBe(one.store.revision);
        },
    );

    it('leave no trace of a group that is taken back', async () => {
        const [replica, model] = [await Replica.create(), await Replica.create()];
        const random = randomFrom(9);
        let machine: Machine | undefined;
        await replica.store.replaceLog(
            async (created) => {
                machine = created;
                return await Promise.resolve(exclusiveOnly);
            },
            { replicated: true },
        );
        for (let i = 0; i < 40; i++) {
            machine!.prepare(Array.from({ length: 10 }, () => randomCommand(random))).rollback();
            const group = Array.from({ length: 5 }, () => randomCommand(random));
            expect((await replica.apply(group)).map(outline)).toEqual(
                (await model.apply(group)).map(outline),
            );
        }
        expect(await replica.content()).toEqual(await model.content());
    });
});

describe('a state that a snapshot replaces', () => {
    it('is served at once, and watches go on from its history or fail with compacted', async () => {
        const [old, newer] = [await Replica.create(), await Replica.create()];
        const first = [put('/a', '1'), put('/b', '1'), put('/a', '2')];
        const later: Command[] = [
            { type: 'leaseGrant', id: 5, ttlSeconds: 60 },
            put('/a', '3'),
            put('/c', '1', 5),
            { type: 'txn', request: { compares: [], success: [{ type: 'delete', key: '/b' }], failure: [] } },
        ];
        await old.apply(first);
        await newer.apply([...first, ...later]);
        const live = collect(old.store, '/', '0');
        const future = collect(old.store, '/', '0', { startRevision: 7 });
        const replaying = collect(old.store, '/', '0', { startRevision: 2 });
        await replaying.until(3);
        await copy(newer.disk, old.disk);
        old.store.reload(await recover(old.disk, { exact: true }));
        expect(old.store.revision).toBe(4);
        expect(await old.store.readIndex()).toBe(7);
        expect(old.store.revision).toBe(7);
        await Promise.all([live.until(3), replaying.until(6), future.until(1)]);
        expect(live.batches.map(({ revision }) => revision)).toEqual([5, 6, 7]);
        expect(future.batches.map(({ revision }) => revision)).toEqual([7]);
        await old.apply([put('/d', '1'), { type: 'leaseRevoke', id: 5 }]);
        await live.until(5);
        expect(live.keys()).toEqual(['/a', '/c', '/b', '/d', '/c']);
        expect(live.watch.revision).toBe(9);
        const { kvs } = await old.store.range({ key: '/', end: '0' });
        expect(kvs.map(({ key, value }) => `${key}=${value.toString()}`)).toEqual(['/a=3', '/d=1']);
    });

    it('ends watches whose history is compacted in it', async () => {
        const [old, newer] = [await Replica.create(), await Replica.create()];
        const first = [put('/a', '1'), put('/b', '1')];
        await old.apply(first);
        await newer.apply([...first, put('/a', '3'), put('/c', '1'), { type: 'compact', revision: 5 }]);
        const errors: string[] = [];
        old.store.watch(
            { key: '/', end: '0', startRevision: 0 },
            () => undefined,
            ({ reason }) => errors.push(reason),
        );
        const future = collect(old.store, '/', '0', { startRevision: 6 });
        await copy(newer.disk, old.disk);
        old.store.reload(await recover(old.disk, { exact: true }));
        expect(errors).toEqual(['compacted']);
        expect(old.store.revision).toBe(5);
        await old.apply([put('/d', '1')]);
        expect(future.keys()).toEqual(['/d']);
    });
});

async function copy(from: Disk, to: Disk): Promise<void> {
    await to.exchange(async () => {
        await Promise.resolve();
    });
    const range = { from: Buffer.from('A'), to: Buffer.from('z') };
    for await (const entries of to.scan(range)) {
        await to.write(
            entries.map(([key]) => ({ type: 'del', key })),
            { sync: false },
        );
    }
    for await (const entries of from.scan(range)) {
        await to.write(
            entries.map(([key, value]) => ({ type: 'put', key, value })),
            { sync: true },
        );
    }
}

async function inGroups(
    replica: Replica,
    commands: readonly Command[],
    random: Random,
): Promise<Settled<Outcome>[]> {
    const settled: Settled<Outcome>[] = [];
    for (const group of groupsOf(commands, random)) settled.push(...(await replica.apply(group)));
    return settled;
}

function groupsOf(commands: readonly Command[], random: Random): Command[][] {
    const groups: Command[][] = [];
    for (let i = 0; i < commands.length;) {
        const size = 1 + random(6);
        groups.push(commands.slice(i, i + size));
        i += size;
    }
    return groups;
}

type Random = (below: number) => number;

function randomFrom(initial: number): Random {
    let seed = initial * 7_919;
    return (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
}

function randomCommand(random: Random): Command {
    const kind = random(20);
    if (kind === 0) return { type: 'compact', revision: random(150) + 1 };
    if (kind === 1) return { type: 'leaseGrant', id: 1 + random(4), ttlSeconds: random(100) };
    if (kind === 2) return { type: 'leaseRevoke', id: 1 + random(4) };
    if (kind === 3 && random(4) === 0) {
        return { type: 'alarm', member: 'm', alarm: 'NOSPACE', active: random(3) === 0 };
    }
    const ops = (): StoreOp[] => Array.from({ length: 1 + random(3) }, () => randomOp(random));
    const compares: Compare[] = [
        { key: `/k/${random(12)}`, target: 'modRevision', result: 'greater', value: random(400) },
    ];
    return { type: 'txn', request: { compares, success: ops(), failure: ops() } };
}

function randomOp(random: Random): StoreOp {
    const key = `/k/${random(12)}`;
    switch (random(6)) {
        case 0:
            return { type: 'delete', key };
        case 1:
            return { type: 'delete', key, end: `/k/${random(12)}` };
        case 2:
            return { type: 'range', key: '/k/', end: '/k0', revision: random(3) === 0 ? random(400) : 0 };
        case 3:
            return { type: 'put', key, value: bytes('x'), lease: 1 + random(4) };
        case 4:
            return { type: 'put', key, value: bytes(''), ignoreValue: true };
        default:
            return { type: 'put', key, value: bytes(String(random(1000))) };
    }
}

function put(key: string, value: string, lease = 0): Command {
    const op: StoreOp = { type: 'put', key, value: bytes(value), lease };
    return { type: 'txn', request: { compares: [], success: [op], failure: [] } };
}

/** An outcome without what depends on how far others have come when it is read. */
function outline(settled: Settled<Outcome>): string {
    return reasonOf(settled) ?? JSON.stringify((settled as { outcome: Outcome }).outcome);
}

function reasonOf(settled: Settled<Outcome>): string | undefined {
    if (settled.type === 'resolved') return undefined;
    expect(settled.error).toBeInstanceOf(StoreError);
    return (settled.error as StoreError).reason;
}
