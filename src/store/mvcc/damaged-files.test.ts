import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import { openLevelDisk } from '../disk/open-disk.ts';
import { raftRecordKey } from '../log/raft-records.ts';
import { openMember, type Member } from '../member.ts';
import { put } from '../store-conformance.ts';
import { StoreError, type Store } from '../store.ts';
import { openStore } from './open-store.ts';
import { encodeRecordKey } from './record.ts';

/** How long the log file was when a write was acknowledged: everything up to there was on the disk. */
interface Acknowledged {
    revision: number;
    logBytes: number;
}

const damagesMax = 15;

describe('a store whose files a crash has cut or damaged', () => {
    let parent: string;
    let written: string;
    let acknowledged: Acknowledged[];
    let logName: string;
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const open = async (directory: string): Promise<Store> =>
        await openStore({ directory, logger: silentLogger() });

    beforeEach(async () => {
        parent = await mkdtemp(join(tmpdir(), 'hyperkube-damage-'));
        written = join(parent, 'written');
        ({ acknowledged, logName } = await write(written));
    });
    afterEach(async () => await rm(parent, { recursive: true }));

    async function damaged(i: number, change: (log: string) => Promise<void>): Promise<string> {
        const directory = join(parent, String(i));
        await cp(written, directory, { recursive: true });
        await change(join(directory, logName));
        return directory;
    }

    it('opens with everything that was acknowledged before, wherever the log ends', async () => {
        const end = acknowledged.at(-1)!.logBytes;
        for (let i = 0; i < damagesMax; i++) {
            const at = i === 0 ? end : random(end);
            const directory = await damaged(i, async (log) => {
                await truncate(log, at);
            });
            const store = await open(directory);
            await expectAll(
                store,
                acknowledged.filter(({ logBytes }) => logBytes <= at).at(-1)?.revision ?? 1,
            );
            const { revision } = await put(store, '/after', '1');
            expect(revision).toBeGreaterThan(store.compactedRevision);
            await store.close();
            await (await open(directory)).close();
        }
    });

    it('opens, or says what is damaged and what to do, when bytes of the log are wrong', async () => {
        const end = acknowledged.at(-1)!.logBytes;
        for (let i = 0; i < damagesMax; i++) {
            const at = random(end);
            const directory = await damaged(i, async (log) => {
                const bytes = await readFile(log);
                bytes[at]! ^= 1 + random(255);
                await writeFile(log, bytes);
            });
            const intact = acknowledged.filter(({ logBytes }) => logBytes <= at).at(-1)?.revision ?? 1;
            const outcome = await open(directory).catch((error: unknown) => error);
            if (outcome instanceof StoreError) {
                expect(outcome.reason).toBe('corrupt');
                expect(outcome.message).toContain(directory);
                expect(outcome.message).toContain('snapshot');
                continue;
            }
            await expectAll(outcome as Store, intact);
            await (outcome as Store).close();
        }
    });
});

describe('a member whose data are damaged', () => {
    let directory: string;
    beforeEach(async () => (directory = join(await mkdtemp(join(tmpdir(), 'hyperkube-damage-')), 'store')));
    afterEach(async () => await rm(join(directory, '..'), { recursive: true }));
    const open = async (): Promise<Member> =>
        await openMember({
            directory,
            name: 'a',
            logger: silentLogger(),
            peerUrls: ['http://a:2380'],
            clientUrls: [],
        });

    const damages: [string, () => { key: Buffer; what: string }][] = [
        ['a version of a key', () => ({ key: encodeRecordKey(2, '/k'), what: '"/k" at revision 2' })],
        ['who it is', () => ({ key: raftRecordKey('identity'), what: 'record "identity"' })],
        ['how far it is', () => ({ key: raftRecordKey('applied'), what: 'record "applied"' })],
    ];
    it.each(damages)('says where they are and what to do: %s', async (_, damage) => {
        const member = await open();
        await put(member.store, '/k', '1');
        await member.close();
        const { key, what } = damage();
        const disk = await openLevelDisk(directory, silentLogger());
        const [value] = await disk.getMany([key]);
        value![value!.length - 1]! ^= 1;
        await disk.write([{ type: 'put', key, value: value! }], { sync: true });
        await disk.close();
        for (let attempt = 1; attempt <= 2; attempt++) {
            const error = await open().catch((reason: unknown) => reason);
            expect(error).toMatchObject({ name: 'StoreError', reason: 'corrupt' });
            const { message } = error as StoreError;
            for (const part of [
                `the store in ${directory} is damaged`,
                what,
                'snapshot restore',
                'join again',
            ])
                expect(message).toContain(part);
        }
    });
});

async function write(directory: string): Promise<{ acknowledged: Acknowledged[]; logName: string }> {
    const store = await openStore({ directory, logger: silentLogger() });
    const acknowledged: Acknowledged[] = [];
    const logName = (await readdir(directory)).find((name) => name.endsWith('.log'))!;
    for (let i = 0; i < 60; i++) {
        const { revision } = await put(store, `/k/${i % 20}`, String(i).repeat(1 + ((i * 37) % 1_500)));
        acknowledged.push({ revision, logBytes: (await stat(join(directory, logName))).size });
    }
    await store.close();
    return { acknowledged, logName };
}

/** Everything up to `revision` is there, and nothing that was never written. */
async function expectAll(store: Store, revision: number): Promise<void> {
    expect(store.revision).toBeGreaterThanOrEqual(revision);
    for (let i = 0; i + 2 <= revision; i++) {
        const { kvs } = await store.range({ key: `/k/${i % 20}`, revision: i + 2 });
        expect(kvs[0]?.value.toString()).toBe(String(i).repeat(1 + ((i * 37) % 1_500)));
    }
}
