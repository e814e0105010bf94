import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import { openStore } from '../mvcc/open-store.ts';
import { isSnapshotCapable } from '../snapshot/snapshot-source.ts';
import { keyMax, StoreError, type KeyValue, type Store } from '../store.ts';
import { verifySnapshot } from './read-snapshot.ts';
import { restoreSnapshot, revisionBump, type Restored } from './restore.ts';
import { listSnapshots, pruneSnapshots, saveSnapshot } from './snapshot-directory.ts';
import type { SnapshotInfo } from './snapshot-format.ts';

const logger = silentLogger();
const startMs = Date.UTC(2026, 0, 31, 10, 20, 30);

async function put(store: Store, key: string, value: string): Promise<number> {
    const op = { type: 'put' as const, key, value: Buffer.from(value) };
    return (await store.txn({ compares: [], success: [op], failure: [] })).revision;
}

async function allKeys(store: Store, revision = 0): Promise<KeyValue[]> {
    return (await store.range({ key: '\0', end: keyMax, revision })).kvs;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
    return await work.then(
        () => 'done',
        (error: unknown) =>
            error instanceof StoreError ? `${error.reason}: ${error.message}` : String(error),
    );
}

describe('backup', () => {
    let parent: string;
    let directory: string;
    let snapshots: string;
    let store: Store;

    beforeEach(async () => {
        parent = await mkdtemp(join(tmpdir(), 'hyperkube-backup-'));
        directory = join(parent, 'store');
        snapshots = join(parent, 'snapshots');
        store = await openStore({ directory, logger });
        await store.leases.grant({ id: 77, ttlSeconds: 600 });
        const text = (i: number): string => `${i}${'x'.repeat(2_000)}`;
        for (let i = 0; i < 600; i += 30) {
            await Promise.all(Array.from({ length: 30 }, (_, j) => put(store, `key-${i + j}`, text(i + j))));
        }
        await put(store, 'key-\xff\x00', 'bytes');
        for (let i = 0; i < 20; i++) await put(store, 'key-1', `version ${i}`);
        await store.txn({ compares: [], success: [{ type: 'delete', key: 'key-2' }], failure: [] });
    });
    afterEach(async () => {
        await store.close();
        await rm(parent, { recursive: true, force: true });
    });

    const save = async (
        name = 'on-demand',
        nowMs = startMs,
    ): Promise<{ path: string; info: SnapshotInfo }> => {
        if (!isSnapshotCapable(store)) throw new Error('a store without snapshots');
        const source = await store.openSnapshot();
        try {
            return await saveSnapshot(source, { directory: snapshots, name, nowMs });
        } finally {
            await source.close();
        }
    };
    const restore = async (file: string, force = false, to = join(parent, 'fresh')): Promise<Restored> =>
        await restoreSnapshot({ file, directory: to, force, logger, nowMs: startMs });

    it('a snapshot saved under write load restores one state: all keys, their revisions and leases', async () => {
        const acknowledged: number[] = [];
        const writing = new AbortController();
        const writer = (async () => {
            for (let i = 0; !writing.signal.aborted; i++)
                acknowledged.push(await put(store, `load-${i % 50}`, `load ${i}`));
        })();
        while (acknowledged.length < 20) await put(store, 'other', 'x');
        const before = store.revision;
        const { path, info } = await save();
        const during = acknowledged.filter((revision) => revision > before).length;
        writing.abort();
        await writer;
        expect(during).toBeGreaterThan(0);
        expect(info.revision).toBeGreaterThanOrEqual(before);
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        expect(await verifySnapshot(path)).toEqual(info);

        const { revision } = await restore(path);
        expect(revision).toBe(info.revision + revisionBump);
        const restored = await openStore({ directory: join(parent, 'fresh'), logger });
        try {
            expect(await allKeys(restored)).toEqual(await allKeys(store, info.revision));
            expect(restored.revision).toBeGreaterThanOrEqual(revision);
            expect(await restored.leases.list()).toEqual([77]);
            expect(await put(restored, 'new', 'x')).toBeGreaterThan(revision);
        } finally {
            await restored.close();
        }
    });

    it('who watched the old store is told that its revision is gone, and a new watch works', async () => {
        const { path, info } = await save();
        const later = await put(store, 'key-9', 'after the snapshot');
        await restore(path);
        const restored = await openStore({ directory: join(parent, 'fresh'), logger });
        try {
            for (const startRevision of [info.revision, later, later + 1_000_000]) {
                const watching = (): unknown =>
                    restored.watch({ key: 'key-9', startRevision }, () => undefined);
                expect(watching).toThrow(expect.objectContaining({ reason: 'compacted' }));
            }
            const seen: number[] = [];
            const from = restored.revision + 1;
            restored.watch({ key: 'key-9', startRevision: from }, (batch) => seen.push(batch.revision));
            const written = await put(restored, 'key-9', 'again');
            expect(seen).toEqual([written]);
        } finally {
            await restored.close();
        }
    });

    it('a store that is there is kept, unless forced: then it is moved aside', async () => {
        const { path } = await save();
        expect(await messageOf(restore(path, true, directory))).toMatch(/^locked: another process uses/);
        await store.close();
        expect(await messageOf(restore(path, false, directory))).toMatch(/^locked: there is a store/);
        const { movedTo } = await restore(path, true, directory);
        expect(movedTo).toMatch(/store\.before-restore-2026-01-31T102030Z$/);
        expect((await readdir(parent)).sort()).toEqual([
            'snapshots',
            'store',
            'store.before-restore-2026-01-31T102030Z',
        ]);
        const old = await openStore({ directory: movedTo!, logger });
        expect((await allKeys(old)).length).toBe(600);
        await old.close();
        store = await openStore({ directory, logger });
        expect((await allKeys(store)).length).toBe(600);
    });

    it('damage anywhere in the file is refused and changes nothing', async () => {
        const { path } = await save();
        const whole = await readFile(path);
        const damaged = join(parent, 'damaged.snapshot');
        const ends = Array.from({ length: 60 }, (_, i) => [2 * i, whole.length - 1 - 2 * i]).flat();
        const middle = Array.from({ length: 40 }, (_, i) => Math.floor((whole.length * i) / 40));
        for (const offset of [...ends, ...middle]) {
            const bytes = Buffer.from(whole);
            bytes[offset] = bytes[offset]! ^ (1 << (offset % 8));
            await writeFile(damaged, bytes);
            expect(await messageOf(restore(damaged))).toMatch(/^(corrupt|newerFormat): .*damaged\.snapshot/);
        }
        for (const length of [0, 10, 30, 200, whole.length / 2, whole.length - 32, whole.length - 1]) {
            await writeFile(damaged, whole.subarray(0, length));
            expect(await messageOf(restore(damaged))).toMatch(/^corrupt: .*damaged\.snapshot/);
        }
        await writeFile(damaged, Buffer.concat([whole, Buffer.from('x')]));
        expect(await messageOf(restore(damaged))).toMatch(/^corrupt: /);
        expect(await readdir(parent)).not.toContain('fresh');
        expect(await readdir(parent)).not.toContain('fresh.incoming');
    });

    it("etcd's snapshots and newer formats are refused by name", async () => {
        const file = join(parent, 'other.db');
        const bolt = Buffer.alloc(4_096);
        bolt.writeUInt32LE(0xed0cdaed, 16);
        await writeFile(file, bolt);
        expect(await messageOf(restore(file))).toContain('is a snapshot of etcd');
        await writeFile(file, 'hyperkube snapshot 2\nwhatever');
        expect(await messageOf(restore(file))).toMatch(/^newerFormat: .* has format 2/);
    });

    it('the directory lists the newest first, also damaged ones, and pruning keeps the newest of a name', async () => {
        for (let i = 0; i < 4; i++) await save('scheduled', startMs + i * 3_600_000);
        await save('by-hand', startMs);
        await writeFile(join(snapshots, 'scheduled-20300101t000000z.snapshot.partial'), 'half');
        await save('by-hand', startMs);
        await writeFile(join(snapshots, 'scheduled-20200101t000000z.snapshot'), 'nonsense');
        const listed = await listSnapshots(snapshots);
        expect(listed.map(({ file }) => file)).toEqual([
            'scheduled-20260131t132030z.snapshot',
            'scheduled-20260131t122030z.snapshot',
            'scheduled-20260131t112030z.snapshot',
            'by-hand-20260131t102030z.1.snapshot',
            'scheduled-20260131t102030z.snapshot',
            'by-hand-20260131t102030z.snapshot',
            'scheduled-20200101t000000z.snapshot',
        ]);
        expect(listed[0]?.info?.revision).toBe(store.revision);
        expect(listed.at(-1)?.problem).toContain('no snapshot of hyperkube');
        expect(await pruneSnapshots(snapshots, 'scheduled', 2)).toHaveLength(3);
        expect((await listSnapshots(snapshots)).map(({ file }) => file)).toEqual([
            'scheduled-20260131t132030z.snapshot',
            'scheduled-20260131t122030z.snapshot',
            'by-hand-20260131t102030z.1.snapshot',
            'by-hand-20260131t102030z.snapshot',
        ]);
    });
});
