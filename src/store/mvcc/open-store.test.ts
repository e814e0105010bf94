import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import { openLevelDisk } from '../disk/open-disk.ts';
import type { DiskWrite } from '../log/log.ts';
import { collect, get, put, run } from '../store-conformance.ts';
import type { Store } from '../store.ts';
import { formatVersion } from './meta.ts';
import { openStore } from './open-store.ts';
import { encodeRecordKey } from './record.ts';

describe('opening a store', () => {
    let parent: string;
    let directory: string;
    const logger = silentLogger();
    const open = async (): Promise<Store> => await openStore({ directory, logger });
    beforeEach(async () => {
        parent = await mkdtemp(join(tmpdir(), 'hyperkube-open-'));
        directory = join(parent, 'deep', 'store');
    });
    afterEach(async () => await rm(parent, { recursive: true }));

    /** Writes to the database behind the store's back. */
    async function tamper(change: (records: [Buffer, Buffer][]) => DiskWrite[]): Promise<void> {
        const disk = await openLevelDisk(directory, logger);
        const records: [Buffer, Buffer][] = [];
        const from = Buffer.from('m');
        for await (const entries of disk.scan({ from, to: Buffer.from('s') })) records.push(...entries);
        await disk.write(change(records), { sync: true });
        await disk.close();
    }

    it('makes a directory that only its owner may enter', async () => {
        const store = await open();
        expect((await stat(directory)).mode & 0o777).toBe(0o700);
        await store.close();
    });

    it('finds keys, history, revisions and compaction as they were', async () => {
        let store = await open();
        for (const value of ['1', '2', '3']) await put(store, '/a', value);
        await put(store, '/b', 'x');
        await run(store, [{ type: 'delete', key: '/b' }]);
        await store.compact(3);
        await store.close();
        store = await open();
        expect(store.revision).toBe(6);
        expect(store.compactedRevision).toBe(3);
        expect((await store.range({ key: '/a', revision: 3 })).kvs[0]?.value.toString()).toBe('2');
        expect(await get(store, '/b')).toBeUndefined();
        const seen = collect(store, '/', '0', { startRevision: 4 });
        await put(store, '/a', '4');
        await seen.until(4);
        expect(seen.batches.map(({ revision }) => revision)).toEqual([4, 5, 6, 7]);
        expect((await get(store, '/a'))?.version).toBe(4);
        await store.close();
    });

    it('gives the space of compacted versions back to the file system', async () => {
        const store = await open();
        const value = (i: number): string => randomBytes(20_000).toString('hex') + String(i);
        await put(store, '/first', '1');
        await store.compact(2);
        for (let i = 0; i < 25; i++) {
            const keys = Array.from({ length: 20 }, (_, key) => `/k/${key}`);
            await Promise.all(keys.map(async (key) => await put(store, key, value(i))));
        }
        const before = await store.sizeBytes();
        expect(before).toBeGreaterThan(18_000_000);
        await store.compact(store.revision);
        while ((await store.sizeBytes()) > before / 3) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect((await store.range({ key: '/k/', end: '/k0' })).count).toBe(20);
        await store.close();
    });

    it('writes nothing when it is opened and closed without use', async () => {
        const store = await open();
        await put(store, '/a', '1');
        await store.close();
        await (await open()).close();
        const again = await open();
        expect(again.revision).toBe(2);
        await again.close();
    });

    it('is refused with locked while another has it', async () => {
        const store = await open();
        await expect(open()).rejects.toMatchObject({ reason: 'locked' });
        await store.close();
        await (await open()).close();
    });

    it('is refused with newerFormat when a newer version wrote it', async () => {
        await (await open()).close();
        const { formatEntry } = await metaOf(formatVersion + 1);
        await tamper(() => [formatEntry]);
        await expect(open()).rejects.toMatchObject({ reason: 'newerFormat' });
    });

    it('names the key and the revision of a damaged record', async () => {
        const store = await open();
        await put(store, '/a', '1');
        await put(store, '/b', '2');
        await store.close();
        await tamper((records) => {
            const key = encodeRecordKey(3, '/b');
            const value = records.find(([other]) => other.equals(key))![1];
            value[value.length - 1]! ^= 1;
            return [{ type: 'put', key, value }];
        });
        await expect(open()).rejects.toMatchObject({ reason: 'corrupt' });
        await expect(open()).rejects.toThrow('"/b" at revision 3');
    });

    it('notices a lost transaction and a lost part of one', async () => {
        const store = await open();
        await put(store, '/a', '1');
        await put(store, '/b', '1');
        await run(store, [
            { type: 'put', key: '/x', value: Buffer.from('1') },
            { type: 'put', key: '/y', value: Buffer.from('2') },
        ]);
        await store.close();
        let saved: Buffer | undefined;
        const b = encodeRecordKey(3, '/b');
        await tamper((records) => {
            saved = records.find(([key]) => key.equals(b))?.[1];
            return [{ type: 'del', key: b }];
        });
        await expect(open()).rejects.toThrow('revision 3, before 4, is missing');
        await tamper(() => [
            { type: 'put', key: b, value: saved! },
            { type: 'del', key: encodeRecordKey(4, '/y') },
        ]);
        await expect(open()).rejects.toThrow('revision 4 has 1 of its 2 records');
    });

    it('repairs a database whose CURRENT or MANIFEST is lost', async () => {
        for (const lost of [/^CURRENT$/, /^MANIFEST-/]) {
            let store = await open();
            for (let i = 0; i < 50; i++) await put(store, `/k/${i}`, 'x'.repeat(1000));
            await store.close();
            store = await open();
            await put(store, '/last', '1');
            await store.close();
            for (const name of await readdir(directory)) {
                if (lost.test(name)) await rm(join(directory, name));
            }
            store = await open();
            expect((await store.range({ key: '/k/', end: '/k0' })).count).toBe(50);
            expect(await get(store, '/last')).toBeDefined();
            await store.close();
        }
    });

    it('opens with a torn end of the log, as a power cut leaves it', async () => {
        let store = await open();
        await put(store, '/a', '1');
        await store.close();
        const log = (await readdir(directory)).find((name) => name.endsWith('.log'))!;
        const bytes = await readFile(join(directory, log));
        await writeFile(join(directory, log), Buffer.concat([bytes, Buffer.from('torn record')]));
        store = await open();
        expect((await get(store, '/a'))?.value.toString()).toBe('1');
        await store.close();
    });
});

/** A format entry with a right checksum for any number. */
async function metaOf(format: number): Promise<{ formatEntry: DiskWrite }> {
    const { crc32 } = await import('node:zlib');
    const key = Buffer.from('mformat');
    const value = Buffer.alloc(12);
    value.writeBigUInt64BE(BigInt(format), 4);
    value.writeUInt32LE(crc32(value.subarray(4), crc32(key)), 0);
    return { formatEntry: { type: 'put', key, value } };
}
