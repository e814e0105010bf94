import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openMember, type Member } from '../../src/store/member.ts';
import { TestCluster, until } from '../../src/store/member/test-cluster.ts';
import { openStore } from '../../src/store/mvcc/open-store.ts';
import { StoreError } from '../../src/store/store.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { canMount, SmallDisk } from '../harness/small-disk.ts';

/** Room for a database of a few MiB, its logs, a snapshot, and what must be free to go on after it was full. */
const diskMebibytes = 40;
/** More than the rest of a page, so that none of it fits. */
const valueBytes = 8_192;
const names = ['a', 'b', 'c'];
const value = Buffer.alloc(valueBytes, 7);

if (!canMount) console.warn('not root: full disks are not checked');

(canMount ? describe : describe.skip)('a member whose disk is full', () => {
    let directory: string;
    let disks: Map<string, SmallDisk>;

    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), 'hyperkube-full-disk-'));
        disks = new Map(names.map((name) => [name, SmallDisk.mount(join(directory, name), diskMebibytes)]));
    });
    afterEach(() => {
        for (const disk of disks.values()) disk.unmount();
        rmSync(directory, { recursive: true });
    });

    const diskOf = (name: string): SmallDisk => {
        const disk = disks.get(name);
        if (disk === undefined) throw new Error(`no disk ${name}`);
        return disk;
    };
    const storeOf = (name: string): string => join(diskOf(name).directory, 'store');
    const ofThree = async (retainedEntriesMax?: number): Promise<TestCluster> =>
        await TestCluster.ofThree({
            options: (name) => ({
                directory: storeOf(name),
                ...(retainedEntriesMax !== undefined && { logTuning: { retainedEntriesMax } }),
            }),
        });

    it('alone, it refuses writes, goes on to be read, and takes them again when there is room', async () => {
        const open = async (): Promise<Member> =>
            await openMember({
                directory: storeOf('a'),
                name: 'a',
                logger: silentLogger(),
                peerUrls: ['http://a:2380'],
                clientUrls: [],
            });
        let member = await open();
        for (let i = 0; i < 20; i++) await put(member, `/${i}`);
        diskOf('a').fill();
        await refused(member, '/refused');
        const { revision } = member.store;
        for (let i = 0; i < 20; i++) expect(await has(member, `/${i}`)).toBe(true);
        expect(await has(member, '/refused')).toBe(false);
        expect(await member.store.readIndex()).toBe(revision);
        await refused(member, '/refused-too');

        diskOf('a').makeRoom();
        await until(async () => await accepted(member, '/after'));
        expect(member.store.revision).toBe(revision + 1);
        await member.close();
        member = await open();
        for (const key of ['/0', '/19', '/after']) expect(await has(member, key)).toBe(true);
        expect(await has(member, '/refused')).toBe(false);
        await member.close();
    }, 60_000);

    it('alone, ended while full, it opens again with everything acknowledged once there is room', async () => {
        const member = await openStore({ directory: storeOf('a'), logger: silentLogger() });
        const write = async (key: string): Promise<unknown> =>
            await member.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
        for (let i = 0; i < 20; i++) await write(`/${i}`);
        diskOf('a').fill();
        await expect(write('/refused')).rejects.toMatchObject({ reason: 'noSpace' });
        await member.close();
        // Opening reads the logs and writes tables: there is no room for that either.
        await expect(openStore({ directory: storeOf('a'), logger: silentLogger() })).rejects.toMatchObject({
            reason: 'noSpace',
        });
        diskOf('a').makeRoom();
        const again = await openStore({ directory: storeOf('a'), logger: silentLogger() });
        const { count } = await again.range({ key: '/', end: '0', countOnly: true });
        expect(count).toBe(20);
        await again.close();
    }, 60_000);

    it('as a follower, it refuses writes while the others go on, and catches up when there is room', async () => {
        const cluster = await ofThree();
        const full = await cluster.aFollower();
        const leader = await cluster.leader();
        await put(cluster.get(full), '/before');
        diskOf(full).fill();
        for (let i = 0; i < 50; i++) await put(cluster.get(leader), `/${i}`);
        await until(async () => await isFull(cluster.get(full)));
        expect(await has(cluster.get(full), '/before')).toBe(true);
        const third = names.find((name) => name !== full && name !== leader) ?? '';
        await put(cluster.get(third), '/by-the-third');
        // It cannot have what was written since, and says why.
        await expect(cluster.get(full).store.readIndex()).rejects.toMatchObject({ reason: 'noSpace' });
        expect(await cluster.leader([leader, third])).toBe(leader);

        diskOf(full).makeRoom();
        await until(async () => await accepted(cluster.get(full), '/after'));
        await cluster.converged();
        for (const key of ['/49', '/by-the-third', '/after'])
            expect(await has(cluster.get(full), key)).toBe(true);
        await cluster.close();
    }, 60_000);

    it('as a follower that was full for long, it catches up by a snapshot', async () => {
        const cluster = await ofThree(100);
        const full = await cluster.aFollower();
        const leader = await cluster.leader();
        await put(cluster.get(full), '/before');
        await cluster.converged();
        diskOf(full).fill();
        for (let i = 0; i < 500; i++) await put(cluster.get(leader), `/${i}`);
        await until(async () => await isFull(cluster.get(full)));
        diskOf(full).makeRoom();
        await until(async () => await accepted(cluster.get(full), '/after'));
        await cluster.converged();
        expect(await has(cluster.get(full), '/499')).toBe(true);
        await cluster.close();
    }, 60_000);

    it('as leader, it hands leadership over: writes go on through the others, and it follows again', async () => {
        const cluster = await ofThree();
        const full = await cluster.leader();
        const others = names.filter((name) => name !== full);
        const [one = '', two = ''] = others;
        await put(cluster.get(full), '/before');
        diskOf(full).fill();
        // Whether the others make it is not for the leader to say; all later ones are refused.
        await put(cluster.get(full), '/first').catch(() => undefined);
        await until(async () => await isFull(cluster.get(full)));
        expect(await has(cluster.get(full), '/before')).toBe(true);
        await put(cluster.get(one), '/by-one');
        await put(cluster.get(two), '/by-two');
        expect(others).toContain(await cluster.leader(others));
        await cluster.get(one).store.readIndex();
        expect(await has(cluster.get(one), '/by-two')).toBe(true);

        diskOf(full).makeRoom();
        await until(async () => await accepted(cluster.get(full), '/after'));
        await cluster.converged();
        for (const key of ['/before', '/by-one', '/by-two', '/after'])
            expect(await has(cluster.get(full), key)).toBe(true);
        await cluster.close();
    }, 60_000);
});

async function put({ store }: Member, key: string): Promise<void> {
    await store.txn({ compares: [], success: [{ type: 'put', key, value }], failure: [] });
}

async function has({ store }: Member, key: string): Promise<boolean> {
    const { kvs } = await store.range({ key });
    return kvs[0]?.value.equals(value) === true;
}

async function reasonOfRefusal(member: Member, key: string): Promise<string | undefined> {
    try {
        await put(member, key);
        return undefined;
    } catch (error) {
        if (error instanceof StoreError) return error.reason;
        throw error;
    }
}

async function refused(member: Member, key: string): Promise<void> {
    expect(await reasonOfRefusal(member, key)).toBe('noSpace');
}

async function isFull(member: Member): Promise<boolean> {
    return (await reasonOfRefusal(member, '/full')) === 'noSpace';
}

async function accepted(member: Member, key: string): Promise<boolean> {
    return (await reasonOfRefusal(member, key)) === undefined;
}
