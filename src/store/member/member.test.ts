import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../util/logger.ts';
import type { Member } from '../member.ts';
import { StoreError, type WatchBatch } from '../store.ts';
import { resetMembership } from './reset-membership.ts';
import { TestCluster, until } from './test-cluster.ts';

let cluster: TestCluster;
afterEach(async () => {
    await cluster.close();
});

describe('a cluster of three', () => {
    it('applies writes of every member in one order, at the same revisions', async () => {
        cluster = await TestCluster.ofThree();
        const seen = new Map<string, string[]>();
        for (const [name, { store }] of cluster.members) {
            const events: string[] = [];
            seen.set(name, events);
            store.watch({ key: '/', end: '0', startRevision: 2 }, (batch) => events.push(textOf(batch)));
        }
        await Promise.all(
            [...cluster.members].flatMap(([name, member]) =>
                Array.from({ length: 50 }, async (_, i) => await put(member, `/${name}/${i}`, String(i))),
            ),
        );
        expect(await cluster.converged()).toBe(151);
        await until(() => [...seen.values()].every((events) => events.length === 150));
        const [first, ...others] = [...seen.values()];
        for (const events of others) expect(events).toEqual(first);
    });

    it('hands decoded objects to watchers of the member that wrote, and to no others', async () => {
        cluster = await TestCluster.ofThree();
        const writer = cluster.get(await cluster.aFollower());
        const decoded = { kind: 'Pod' };
        const seen = new Map<Member, (object | undefined)[]>();
        for (const member of cluster.members.values()) {
            const objects: (object | undefined)[] = [];
            seen.set(member, objects);
            member.store.watch({ key: '/a', startRevision: 2 }, ({ events }) => {
                for (const event of events) objects.push(event.decoded);
            });
        }
        await writer.store.txn({
            compares: [],
            success: [{ type: 'put', key: '/a', value: Buffer.from('1'), decoded }],
            failure: [],
        });
        await until(() => [...seen.values()].every((objects) => objects.length === 1));
        for (const [member, [object]] of seen) {
            expect(object).toBe(member === writer ? decoded : undefined);
        }
    });

    it('reads on a follower what was acknowledged anywhere before', async () => {
        cluster = await TestCluster.ofThree();
        const leader = cluster.get(await cluster.leader());
        const follower = cluster.get(await cluster.aFollower());
        for (let i = 0; i < 20; i++) {
            await put(leader, '/a', String(i));
            await follower.store.readIndex();
            expect(await get(follower, '/a')).toBe(String(i));
        }
    });

    it('goes on without its leader, and takes it back when it returns', async () => {
        cluster = await TestCluster.ofThree();
        const old = await cluster.leader();
        await put(cluster.get(old), '/a', '1');
        cluster.network.isolate(cluster.urlOf(old));
        const others = [...cluster.members.keys()].filter((name) => name !== old);
        const [survivor = ''] = others;
        await put(cluster.get(survivor), '/a', '2');
        expect(await cluster.leader(others)).not.toBe(old);
        cluster.network.heal();
        await cluster.converged();
        expect(await get(cluster.get(old), '/a')).toBe('2');
    });

    it('leaves nobody without an outcome when the leader changes under load', async () => {
        cluster = await TestCluster.ofThree();
        const leader = await cluster.leader();
        const others = [...cluster.members.keys()].filter((name) => name !== leader);
        let counter = 0;
        let stop = false;
        const writers = others.map(async (name) => {
            while (!stop) {
                await put(cluster.get(name), `/${name}`, String(++counter));
            }
        });
        for (const to of others) {
            await cluster.get(leader).cluster.transferLeadership(cluster.get(to).cluster.memberId);
        }
        stop = true;
        await Promise.all(writers);
        const revision = await cluster.converged();
        expect(revision).toBe(counter + 1);
    });

    it('refuses writes after a while when it has no quorum, without having made them', async () => {
        cluster = await TestCluster.ofThree();
        const leader = await cluster.leader();
        const follower = await cluster.aFollower();
        await put(cluster.get(follower), '/a', '1');
        cluster.network.isolate(cluster.urlOf(follower));
        await until(async () => (await cluster.get(follower).cluster.status()).leader === '');
        const error = await put(cluster.get(follower), '/a', '2').catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(StoreError);
        expect((error as StoreError).reason).toBe('noLeader');
        cluster.network.heal();
        await cluster.converged();
        expect(await get(cluster.get(leader), '/a')).toBe('1');
    });

    it('has everything again after all members were restarted', async () => {
        cluster = await TestCluster.ofThree();
        for (let i = 0; i < 30; i++) await put(cluster.get('a'), `/${i}`, 'x');
        const revision = await cluster.converged();
        for (const name of ['a', 'b', 'c']) await cluster.stop(name);
        for (const name of ['a', 'b', 'c']) await cluster.start(name);
        await cluster.leader();
        expect(await cluster.converged()).toBe(revision);
        expect((await put(cluster.get('b'), '/new', 'y')).revision).toBe(revision + 1);
    });

    it('brings a member that was away for long back by a snapshot, with its watches', async () => {
        cluster = await TestCluster.ofThree();
        const away = await cluster.aFollower();
        const events: string[] = [];
        await put(cluster.get('a'), '/first', '1');
        cluster.get(away).store.watch({ key: '/', end: '0', startRevision: 2 }, (batch) => {
            events.push(textOf(batch));
        });
        cluster.network.isolate(cluster.urlOf(away));
        const leader = cluster.get(
            await cluster.leader([...cluster.members.keys()].filter((name) => name !== away)),
        );
        const big = 'x'.repeat(1_000_000);
        for (let i = 0; i < 12; i++) await put(leader, `/big/${i}`, big);
        cluster.network.heal();
        await cluster.converged();
        await until(() => events.length === 13);
        expect(events.at(-1)).toContain('/big/11');
        await put(cluster.get(away), '/after', '1');
        await cluster.converged();
        await until(() => events.length === 14);
        await cluster.stop(away);
        await cluster.start(away);
        await cluster.converged();
    });
});

describe('membership', () => {
    it('grows from one member with data to three, and replaces one that is gone', async () => {
        cluster = await TestCluster.create();
        const first = await cluster.start('a');
        for (let i = 0; i < 20; i++) await put(first, `/${i}`, 'x');
        await cluster.join('b', first);
        const third = await cluster.join('c', first);
        await put(third, '/joined', 'y');
        await cluster.converged();
        expect(third.cluster.members().map(({ isLearner }) => isLearner)).toEqual([false, false, false]);

        const gone = cluster.get('b').cluster.memberId;
        await cluster.stop('b');
        await third.cluster.removeMember(gone);
        const fourth = await cluster.join('d', third);
        await put(fourth, '/replaced', 'z');
        await cluster.converged();
        await until(() => fourth.cluster.members().every(({ name }) => name !== ''));
        expect(
            fourth.cluster
                .members()
                .map(({ name }) => name)
                .sort(),
        ).toEqual(['a', 'c', 'd']);
    });

    it('stops a member that was removed and says so at its next start', async () => {
        cluster = await TestCluster.ofThree();
        const name = await cluster.aFollower();
        const removed = cluster.get(name);
        const other = [...cluster.members.keys()].find((one) => one !== name) ?? '';
        await cluster.get(other).cluster.removeMember(removed.cluster.memberId);
        await until(async () => {
            const error = await put(removed, '/a', '1').catch((reason: unknown) => reason);
            return error instanceof StoreError && /removed/.test(error.message);
        });
        await cluster.stop(name);
        await put(cluster.get(other), '/b', '1');
    });

    it('goes back to a store without a log when it is alone again, with everything', async () => {
        cluster = await TestCluster.create();
        const first = await cluster.start('a');
        await put(first, '/a', '1');
        const second = await cluster.join('b', first);
        await put(second, '/b', '2');
        await first.cluster.removeMember(second.cluster.memberId);
        await cluster.stop('b');
        await put(first, '/c', '3');
        await cluster.stop('a');
        const again = await cluster.start('a');
        await put(again, '/d', '4');
        for (const [key, value] of [
            ['/a', '1'],
            ['/b', '2'],
            ['/c', '3'],
            ['/d', '4'],
        ] as const) {
            expect(await get(again, key)).toBe(value);
        }
        const third = await cluster.join('c', again);
        expect(await get(third, '/d')).toBe('4');
        await cluster.converged();
    });
});

describe('restoring a quorum', () => {
    it('makes a cluster of one of a survivor, with everything, that others can join', async () => {
        cluster = await TestCluster.ofThree();
        const survivor = await cluster.aFollower();
        for (let i = 0; i < 10; i++) await put(cluster.get(survivor), `/${i}`, String(i));
        await cluster.converged();
        const clusterId = cluster.get(survivor).cluster.clusterId;
        for (const name of [...cluster.members.keys()]) await cluster.stop(name);
        const reset = await resetMembership(cluster.directoryOf(survivor), silentLogger());
        expect(reset.dropped.map(({ name }) => name)).toHaveLength(2);
        expect(reset.clusterId).not.toBe(clusterId);
        const alone = await cluster.start(survivor);
        await put(alone, '/after', 'x');
        for (let i = 0; i < 10; i++) expect(await get(alone, `/${i}`)).toBe(String(i));
        expect(alone.cluster.members()).toHaveLength(1);
        await cluster.join('d', alone);
        await cluster.converged();
    });

    it('refuses a directory that belongs to another member', async () => {
        cluster = await TestCluster.create();
        const first = await cluster.start('a');
        const join = { clusterId: '00000000000000aa', memberId: first.cluster.memberId, members: [] };
        await cluster.stop('a');
        await expect(cluster.start('a', { join })).rejects.toThrow('of cluster');
    });
});

async function put(member: Member, key: string, value: string): Promise<{ revision: number }> {
    const op = { type: 'put', key, value: Buffer.from(value) } as const;
    return await member.store.txn({ compares: [], success: [op], failure: [] });
}

async function get(member: Member, key: string): Promise<string | undefined> {
    const { kvs } = await member.store.range({ key });
    return kvs[0]?.value.toString();
}

function textOf({ revision, events }: WatchBatch): string {
    return `${revision} ${events.map(({ type, kv }) => `${type} ${kv.key}`).join()}`;
}
