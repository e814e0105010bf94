import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { openLevelDisk, openMemoryDisk } from '../disk/open-disk.ts';
import { appliedWrite, bootstrapWrites, entryWrites, membersWrite } from '../log/raft-records.ts';
import { loadRaftState } from '../log/load-raft-state.ts';
import { StoreError } from '../store.ts';
import { formatWrite } from '../mvcc/meta.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { openSnapshotSource, type SnapshotSource } from './snapshot-source.ts';

const logger = silentLogger();
const [leader, follower] = ['00000000000000a1', '00000000000000b2'];
const memberList = {
    members: [
        { id: leader, name: 'a', peerUrls: ['https://a:2380'], clientUrls: [], isLearner: false },
        { id: follower, name: 'b', peerUrls: [], clientUrls: [], isLearner: true },
    ],
    removed: [],
};
const membership = { voters: [leader], learners: [follower] };
const identity = { clusterId: 'c000000000000001', memberId: follower };
const hardState = { term: 7, votedFor: '', commit: 40 };

/** A leader's disk: `count` records of some 10 KB at index 40, and things that are its own. */
async function fill(disk: Disk, count: number): Promise<void> {
    const own = bootstrapWrites({
        identity: { ...identity, memberId: leader },
        hardState: { term: 6, votedFor: leader, commit: 30 },
        snapshot: { index: 30, term: 4, membership },
        applied: { index: 40, term: 5, revision: count },
        memberList,
    });
    const entries = Array.from({ length: 12 }, (_, i) => ({
        index: 31 + i,
        term: 5,
        type: 'noop' as const,
        data: Buffer.alloc(0),
    }));
    const rest = ['mclean', 'L12345678', 'aNOSPACE/x'].map((key) => ({
        type: 'put' as const,
        key: Buffer.from(key),
        value: Buffer.from(key),
    }));
    await disk.write([...own, ...entryWrites(entries, 0), ...rest, formatWrite()], { sync: true });
    for (let i = 0; i < count; i += 10) {
        const writes = Array.from({ length: 10 }, (_, j) => record(i + j, `old ${i + j}`));
        await disk.write(writes, { sync: false });
    }
}

function record(i: number, text: string): { type: 'put'; key: Buffer; value: Buffer } {
    const key = Buffer.from(`r${String(i).padStart(6, '0')}`);
    return { type: 'put', key, value: Buffer.concat([Buffer.from(text), Buffer.alloc(10_000, i)]) };
}

async function contentOf(disk: Disk, prefixes: string): Promise<Map<string, string>> {
    const content = new Map<string, string>();
    for await (const pairs of disk.scan({ from: Buffer.alloc(0), to: Buffer.from([0xff]) })) {
        for (const [key, value] of pairs) {
            const text = key.toString('latin1');
            if (prefixes.includes(text[0]!)) content.set(text, value.toString('latin1'));
        }
    }
    return content;
}

async function readAll(source: SnapshotSource): Promise<Buffer[]> {
    const chunks: Buffer[] = [];
    for (let i = 0; ; i++) {
        const { data, last } = await source.read(i);
        chunks.push(data);
        if (last) return chunks;
    }
}

async function snapshotOf(disk: Disk): Promise<Buffer[]> {
    const source = await openSnapshotSource(disk);
    const chunks = await readAll(source);
    await source.close();
    return chunks;
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
    return await work.then(
        () => 'done',
        (error: unknown) => (error instanceof StoreError ? error.reason : String(error)),
    );
}

describe('snapshots from disk to disk', () => {
    let parent: string;
    let source: Disk;
    const snapshot = { index: 40, term: 5, membership };

    beforeEach(async () => {
        parent = await mkdtemp(join(tmpdir(), 'hyperkube-snapshot-'));
        source = await openLevelDisk(join(parent, 'leader'), logger);
        await fill(source, 300);
    });
    afterEach(async () => {
        await source.close();
        await rm(parent, { recursive: true, force: true });
    });

    const receive = async (chunks: readonly Buffer[], directory: string): Promise<SnapshotReceiver> => {
        const receiver = await SnapshotReceiver.open({ directory, logger });
        for (const chunk of chunks) await receiver.store(chunk);
        return receiver;
    };

    it('chunks hold one state, whatever is written while they are read', async () => {
        const expected = await contentOf(source, 'mLar');
        expected.delete('mclean');
        const opened = await openSnapshotSource(source);
        expect(opened.position).toEqual({
            meta: snapshot,
            applied: { index: 40, term: 5, revision: 300 },
            memberList,
        });
        const first = await opened.read(0);
        await source.write([record(5, 'new'), record(299, 'new'), record(1_000, 'new')], { sync: true });
        await source.write([appliedWrite({ index: 41, term: 5, revision: 301 })], { sync: true });
        expect(await opened.read(0)).toBe(first);
        const rest = await readAll(opened);
        await opened.close();
        expect(rest.length).toBeGreaterThan(4);
        const directory = join(parent, 'follower');
        const target = await openLevelDisk(directory, logger);
        const receiver = await receive(rest, directory);
        const finished = await receiver.finish({ identity, hardState, snapshot });
        expect(finished).toEqual({ applied: { index: 40, term: 5, revision: 300 }, memberList });
        await receiver.install(target);
        const content = await contentOf(target, 'mLar');
        expect([...content.keys()]).toEqual([...expected.keys()]);
        expect([...content].every(([key, value]) => expected.get(key) === value)).toBe(true);
        await target.close();
    });

    it('an installed snapshot replaces state and log under the same disk, and survives a restart', async () => {
        const directory = join(parent, 'follower');
        const target = await openLevelDisk(directory, logger);
        await target.write([record(7_777, 'gone'), membersWrite({ members: [], removed: [] })], {
            sync: true,
        });
        const receiver = await receive(await snapshotOf(source), directory);
        await receiver.finish({ identity, hardState, snapshot });
        await receiver.install(target);
        expect(target.getSync(record(7_777, '').key)).toBeUndefined();
        await target.write([record(400, 'after')], { sync: true });
        await target.close();
        expect(await readdir(parent)).toEqual(['follower', 'leader']);
        const again = await openLevelDisk(directory, logger);
        expect(await loadRaftState(again)).toEqual({
            identity,
            persisted: { hardState, snapshot, entries: [], applied: 40 },
            applied: { index: 40, term: 5, revision: 300 },
            memberList,
        });
        expect(again.getSync(record(400, '').key)).toBeDefined();
        await again.close();
    });

    it('works between disks in memory', async () => {
        const target = await openMemoryDisk();
        await target.write([record(7_777, 'gone')], { sync: true });
        const receiver = await SnapshotReceiver.open({ directory: undefined, logger });
        for (const chunk of await snapshotOf(source)) await receiver.store(chunk);
        await receiver.finish({ identity, hardState, snapshot });
        await receiver.install(target);
        expect((await contentOf(target, 'r')).size).toBe(300);
    });

    it('a chunk that is damaged, missing, doubled or foreign is refused', async () => {
        const chunks = await snapshotOf(source);
        const refuses = async (bad: readonly Buffer[]): Promise<void> => {
            const receiver = await SnapshotReceiver.open({ directory: undefined, logger });
            const storing = (async () => {
                for (const chunk of bad) await receiver.store(chunk);
            })();
            expect(await reasonOf(storing)).toBe('corrupt');
            await receiver.discard();
        };
        await refuses([chunks[0]!, chunks[2]!]);
        await refuses([chunks[0]!, chunks[0]!]);
        for (let i = 0; i < chunks[1]!.length; i += 9_973) {
            const damaged = Buffer.from(chunks[1]!);
            damaged[i] = damaged[i]! ^ 4;
            await refuses([chunks[0]!, damaged]);
        }
    });

    it('chunks of another index than announced are not finished', async () => {
        const receiver = await SnapshotReceiver.open({ directory: undefined, logger });
        for (const chunk of await snapshotOf(source)) await receiver.store(chunk);
        const finishing = receiver.finish({ identity, hardState, snapshot: { ...snapshot, index: 41 } });
        expect(await reasonOf(finishing)).toBe('corrupt');
        await receiver.discard();
    });

    it('a crash before, in or after the exchange leaves the old state or the new one', async () => {
        const directory = join(parent, 'follower');
        const chunks = await snapshotOf(source);
        const [incoming, outgoing] = [`${directory}.incoming`, `${directory}.outgoing`];
        const restart = async (): Promise<'old' | 'new'> => {
            const disk = await openLevelDisk(directory, logger);
            const found = disk.getSync(record(7_777, '').key) === undefined ? 'new' : 'old';
            expect((await contentOf(disk, 'r')).size).toBe(found === 'old' ? 1 : 300);
            await disk.close();
            expect(await readdir(parent)).toEqual(['follower', 'leader']);
            return found;
        };
        const startOld = async (): Promise<void> => {
            await rm(directory, { recursive: true, force: true });
            const disk = await openLevelDisk(directory, logger);
            await disk.write([record(7_777, 'old')], { sync: true });
            await disk.close();
        };
        const finish = async (): Promise<void> => {
            const receiver = await receive(chunks, directory);
            await receiver.finish({ identity, hardState, snapshot });
        };

        await startOld();
        const half = await receive(chunks.slice(0, 2), directory);
        expect(await readdir(parent)).toContain('follower.incoming');
        await half.discard();
        expect(await restart()).toBe('old');

        await finish();
        expect(await restart()).toBe('old');

        await finish();
        await rename(directory, outgoing);
        expect(await restart()).toBe('new');

        await startOld();
        await finish();
        await rename(directory, outgoing);
        await rename(incoming, directory);
        expect(await restart()).toBe('new');

        await startOld();
        await finish();
        await rm(join(incoming, 'COMPLETE'));
        await rename(directory, outgoing);
        expect(await restart()).toBe('old');
    });

    it('reading on after the disk was exchanged rejects, and does not hold the exchange up', async () => {
        const directory = join(parent, 'follower');
        const target = await openLevelDisk(directory, logger);
        await fill(target, 200);
        const opened = await openSnapshotSource(target);
        await opened.read(0);
        const receiver = await receive(await snapshotOf(source), directory);
        await receiver.finish({ identity, hardState, snapshot });
        await receiver.install(target);
        expect(await reasonOf(opened.read(1))).toBe('closed');
        await opened.close();
        await target.close();
    });
});
