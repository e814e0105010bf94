import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Disk } from '../disk/disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import type { Entry } from '../raft/types.ts';
import { loadRaftState } from './load-raft-state.ts';
import {
    allEntries,
    appliedWrite,
    bootstrapWrites,
    compactLogWrites,
    entryWrites,
    hardStateWrite,
    membershipOf,
    raftRecordKey,
    raftRecordNames,
    snapshotWrite,
    type RaftRecords,
} from './raft-records.ts';

const [own, other] = ['00000000000000a1', 'ff000000000000b2'];
const members = [
    { id: own, name: 'ä', peerUrls: ['https://a:2380'], clientUrls: [], isLearner: false },
    { id: other, name: '', peerUrls: ['https://b:2380'], clientUrls: [], isLearner: true },
];
const records: RaftRecords = {
    identity: { clusterId: 'c000000000000001', memberId: own },
    hardState: { term: 2, votedFor: other, commit: 4 },
    snapshot: { index: 4, term: 1, membership: membershipOf(members) },
    applied: { index: 4, term: 1, revision: 99 },
    memberList: { members, removed: ['0000000000000001'] },
};

function entry(index: number, term: number, text = ''): Entry {
    return { index, term, type: text === '' ? 'noop' : 'command', data: Buffer.from(text) };
}

describe('Raft records', () => {
    let disk: Disk;
    beforeEach(async () => {
        disk = await openMemoryDisk();
        await disk.write(bootstrapWrites(records), { sync: true });
    });
    const append = async (entries: Entry[], previousLastIndex: number): Promise<void> => {
        await disk.write(entryWrites(entries, previousLastIndex), { sync: true });
    };

    it('a store that was never clustered has no Raft state', async () => {
        expect(await loadRaftState(await openMemoryDisk())).toBeUndefined();
    });

    it('everything that was written is read back', async () => {
        const entries = [entry(5, 2), entry(6, 2, 'hi')];
        await append(entries, 4);
        expect(await loadRaftState(disk)).toEqual({
            identity: records.identity,
            persisted: { hardState: records.hardState, snapshot: records.snapshot, entries, applied: 4 },
            applied: records.applied,
            memberList: records.memberList,
        });
    });

    it('entries replace the tail that conflicts with them', async () => {
        await append([entry(5, 1, 'a'), entry(6, 1, 'b'), entry(7, 1, 'c'), entry(8, 1, 'd')], 4);
        await append([entry(6, 2, 'x')], 8);
        const loaded = await loadRaftState(disk);
        expect(loaded?.persisted.entries).toEqual([entry(5, 1, 'a'), entry(6, 2, 'x')]);
    });

    it('a compacted log begins after its snapshot', async () => {
        await append([entry(5, 2, 'a'), entry(6, 2, 'b')], 4);
        const snapshot = { ...records.snapshot, index: 5, term: 2 };
        await disk.write(
            [
                snapshotWrite(snapshot),
                appliedWrite({ index: 5, term: 2, revision: 100 }),
                ...compactLogWrites(5, 5),
            ],
            { sync: true },
        );
        const loaded = await loadRaftState(disk);
        expect(loaded?.persisted).toMatchObject({ snapshot, entries: [entry(6, 2, 'b')], applied: 5 });
    });

    it('the commit index is at least what is applied and kept when it is beyond the end of the log', async () => {
        await append([entry(5, 2, 'a')], 4);
        await disk.write([appliedWrite({ index: 5, term: 2, revision: 100 })], { sync: true });
        expect((await loadRaftState(disk))?.persisted.hardState.commit).toBe(5);
        await disk.write([hardStateWrite({ term: 3, votedFor: '', commit: 9 })], { sync: true });
        expect((await loadRaftState(disk))?.persisted.hardState).toEqual({
            term: 3,
            votedFor: '',
            commit: 9,
        });
    });

    it('a gap in the log is damage that names the missing entry', async () => {
        await append([entry(5, 2), entry(6, 2), entry(7, 2)], 4);
        await disk.write(compactLogWrites(6, 6), { sync: true });
        await expect(loadRaftState(disk)).rejects.toThrow('log entry 6 is missing');
    });

    it('a log that ends before what is applied is damage', async () => {
        await append([entry(5, 2)], 4);
        await disk.write([appliedWrite({ index: 7, term: 2, revision: 100 })], { sync: true });
        await expect(loadRaftState(disk)).rejects.toMatchObject({ reason: 'corrupt' });
    });

    it('a newer format is refused', async () => {
        const newer = bootstrapWrites(records).map((write) => write);
        const { seal } = await import('./checked-value.ts');
        const key = raftRecordKey('format');
        newer.push({ type: 'put', key, value: seal(key, Buffer.from('    {"version":2}')) });
        await disk.write(newer, { sync: true });
        await expect(loadRaftState(disk)).rejects.toMatchObject({ reason: 'newerFormat' });
    });

    it('any missing record and any flipped bit is damage', async () => {
        await append([entry(5, 2, 'text')], 4);
        const keys = raftRecordNames.map(raftRecordKey);
        for await (const pairs of disk.scan(allEntries())) keys.push(...pairs.map(([key]) => key));
        for (const key of keys) {
            const value = Buffer.from(disk.getSync(key) ?? '');
            for (let i = 0; i < value.length; i++) {
                const damaged = Buffer.from(value);
                damaged[i] = (damaged[i] ?? 0) ^ (1 << (i % 8));
                await disk.write([{ type: 'put', key, value: damaged }], { sync: true });
                await expect(loadRaftState(disk)).rejects.toMatchObject({ reason: 'corrupt' });
            }
            if (key[0] === 'h'.charCodeAt(0)) {
                await disk.write([{ type: 'del', key }], { sync: true });
                await expect(loadRaftState(disk)).rejects.toMatchObject({ reason: 'corrupt' });
            }
            await disk.write([{ type: 'put', key, value }], { sync: true });
        }
        expect(await loadRaftState(disk)).toBeDefined();
    });
});
