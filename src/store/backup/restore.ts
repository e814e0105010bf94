import { access, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { rfc3339 } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { diskError } from '../disk/disk-error.ts';
import { settleExchange } from '../disk/exchange-directory.ts';
import type { DiskWrite } from '../log/log.ts';
import { compactedWrite, formatVersion, readMeta } from '../mvcc/meta.ts';
import { chunkChecksum, decodeChunk } from '../snapshot/chunk-codec.ts';
import { isSnapshotKey } from '../snapshot/snapshot-content.ts';
import { stageDirectory } from '../snapshot/staging.ts';
import { StoreError } from '../store.ts';
import { requireUnused } from './require-unused.ts';
import { snapshotChunks, verifySnapshot } from './read-snapshot.ts';
import { snapshotDamage, type ReportProgress, type SnapshotInfo } from './snapshot-format.ts';
import { StateSummary } from './state-summary.ts';

/**
 * By how much the revision grows. Clients remember revisions of the time after the snapshot was made; counted
 * on from the snapshot, the same numbers would come to mean other changes, and a client that goes on watching
 * from what it saw last would miss some without noticing. No cluster makes so many between its snapshots, so
 * every revision that a client can know lies below the restored one, and counts as compacted: it is told
 * "expired" and lists anew. etcdutl's --bump-revision with --mark-compacted is the same.
 */
export const revisionBump = 1_000_000_000;
const revisionMax = 2 ** 48 - 1;

export interface RestoreOptions {
    file: string;
    /** The store's directory, which is made; nobody may use it. */
    directory: string;
    /** Move a store that is there aside. */
    force: boolean;
    logger: Logger;
    nowMs: number;
    onProgress?: ReportProgress;
}

export interface Restored {
    info: SnapshotInfo;
    /** The store's new revision. */
    revision: number;
    /** Where the old store is now; undefined when there was none. */
    movedTo: string | undefined;
}

/**
 * Makes a store of a snapshot: the same keys with the same revisions, history before it compacted away, leases
 * with their full time. It belongs to no cluster: identity, members, log and alarms of the old one stay behind,
 * and the first start makes a new cluster of one of it, which others join. The old store, if any, is touched
 * only once the new one is whole.
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
    const { file, directory, force } = options;
    const info = await verifySnapshot(file);
    await requireUnused(directory);
    await settle(directory);
    const occupied = await exists(directory);
    if (occupied && !force) {
        throw new StoreError(
            'locked',
            `there is a store in ${directory} already; --force moves it aside and restores all the same`,
        );
    }
    const revision = await build(options, info);
    const movedTo = occupied ? `${directory}.before-restore-${fileTime(options.nowMs)}` : undefined;
    try {
        if (movedTo !== undefined) await rename(directory, movedTo);
        await settleExchange(directory);
    } catch (error) {
        throw diskError(error, `cannot put the restored store into ${directory}`);
    }
    return { info, revision, movedTo };
}

/** What an interrupted exchange left; a complete store that no start has taken over counts as one. */
async function settle(directory: string): Promise<void> {
    try {
        await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
        await settleExchange(directory);
    } catch (error) {
        throw diskError(error, `cannot use ${directory}`);
    }
}

/** Fills `<directory>.incoming`; the new revision. */
async function build(options: RestoreOptions, info: SnapshotInfo): Promise<number> {
    const staging = await stageDirectory(options.directory, options.logger);
    try {
        const summary = new StateSummary();
        let checksum = 0;
        let complete = false;
        for await (const data of snapshotChunks(options.file)) {
            const { pairs, last } = decodeChunk(data, checksum);
            for (const [key, value] of pairs) summary.add(key, value);
            await staging.disk.write(keptPairs(options.file, pairs), { sync: false });
            checksum = chunkChecksum(data);
            complete = last;
            options.onProgress?.(summary.trailer);
        }
        const { records, revision, compactedRevision } = summary.trailer;
        if (!complete || records !== info.records) {
            throw snapshotDamage(options.file, `it has ${records} of its ${info.records} records`);
        }
        const { format = 0 } = await readMeta(staging.disk);
        checkFormat(options.file, format);
        const bumped = Math.max(revision, compactedRevision) + revisionBump;
        if (bumped > revisionMax) throw new StoreError('tooLarge', `revision ${bumped} is too large`);
        await staging.disk.write([compactedWrite(bumped)], { sync: true });
        await staging.complete();
        return bumped;
    } catch (error) {
        await staging.discard();
        throw error;
    }
}

function checkFormat(file: string, format: number): void {
    if (format <= formatVersion) return;
    throw new StoreError(
        'newerFormat',
        `the snapshot ${file} is of a store in format ${format}; this version knows up to ${formatVersion}`,
    );
}

/** Without the marks of the old cluster and its alarms, which name its members. */
function keptPairs(file: string, pairs: readonly [Buffer, Buffer][]): DiskWrite[] {
    const writes: DiskWrite[] = [];
    for (const [key, value] of pairs) {
        if (!isSnapshotKey(key)) throw snapshotDamage(file, `unknown record ${key.toString('hex')}`);
        const tag = String.fromCharCode(key[0] ?? 0);
        if (tag !== 'h' && tag !== 'a') writes.push({ type: 'put', key, value });
    }
    return writes;
}

async function exists(path: string): Promise<boolean> {
    return await access(path).then(
        () => true,
        () => false,
    );
}

function fileTime(ms: number): string {
    return rfc3339(ms).replaceAll(':', '');
}
