import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { StoreError } from '../store.ts';
import { readSnapshotInfo } from './read-snapshot.ts';
import type { ReportProgress, SnapshotInfo } from './snapshot-format.ts';
import { partialSuffix, writeSnapshot } from './write-snapshot.ts';

/** Name of those made by the schedule; `prune` keeps the newest of each name. */
export const scheduledName = 'scheduled';
const suffix = '.snapshot';
const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const filePattern = /^([-a-z0-9]+)-(\d{8}t\d{6}z)(\.\d+)?\.snapshot$/;
const sameSecondMax = 100;

export interface StoredSnapshot {
    /** File name in the directory. */
    file: string;
    /** The part before the time. */
    name: string;
    sizeBytes: number;
    /** Undefined when the file cannot be read: `problem` says why. */
    info: SnapshotInfo | undefined;
    problem: string | undefined;
}

export interface SaveOptions {
    directory: string;
    /** Lower-case letters, digits and dashes. */
    name: string;
    nowMs: number;
    signal?: AbortSignal;
    onProgress?: ReportProgress;
}

/** Writes `<name>-<time>.snapshot` into the directory, which is made if need be. */
export async function saveSnapshot(
    source: SnapshotSource,
    options: SaveOptions,
): Promise<{ path: string; info: SnapshotInfo }> {
    const { directory, name } = options;
    checkSnapshotName(name);
    await prepare(directory);
    const path = await freePath(directory, `${name}-${compactTime(options.nowMs)}`);
    return { path, info: await writeSnapshot(source, { ...options, file: path }) };
}

export function checkSnapshotName(name: string): void {
    if (namePattern.test(name)) return;
    throw new RangeError(
        `"${name}" is no name for a snapshot: up to 63 lower-case letters, digits and dashes`,
    );
}

/** Newest first; an absent directory has none. */
export async function listSnapshots(directory: string): Promise<StoredSnapshot[]> {
    const found: StoredSnapshot[] = [];
    for (const file of await namesIn(directory)) {
        const [, name] = filePattern.exec(file) ?? [];
        if (name === undefined) continue;
        const path = join(directory, file);
        // Another process may prune at the same time.
        const size = await stat(path).then(
            (stats) => stats.size,
            () => undefined,
        );
        if (size === undefined) continue;
        found.push({ file, name, sizeBytes: size, ...(await describe(path)) });
    }
    return found.sort((a, b) => orderOf(b.file).localeCompare(orderOf(a.file)));
}

/** Deletes all but the newest `keep` of this name; returns the files that are gone. */
export async function pruneSnapshots(directory: string, name: string, keep: number): Promise<string[]> {
    const files = (await namesIn(directory))
        .filter((file) => filePattern.exec(file)?.[1] === name)
        .sort((a, b) => orderOf(b).localeCompare(orderOf(a)));
    const removed = files.slice(keep);
    for (const file of removed) await rm(join(directory, file), { force: true });
    return removed;
}

/** When the newest snapshot of this name up to `nowMs` was made, by its file name. */
export async function newestSnapshotMs(
    directory: string,
    name: string,
    nowMs: number,
): Promise<number | undefined> {
    const times = (await namesIn(directory))
        .filter((file) => filePattern.exec(file)?.[1] === name)
        .map((file) => parseCompactTime(filePattern.exec(file)?.[2] ?? ''))
        .filter((ms) => ms <= nowMs);
    return times.length === 0 ? undefined : Math.max(...times);
}

/** Makes the directory and removes what a crash left half written. */
async function prepare(directory: string): Promise<void> {
    try {
        const made = await mkdir(directory, { recursive: true, mode: 0o700 });
        if (made !== undefined) await chmod(directory, 0o700);
        for (const file of await readdir(directory)) {
            if (filePattern.test(file.slice(0, -partialSuffix.length)) && file.endsWith(partialSuffix)) {
                await rm(join(directory, file), { force: true });
            }
        }
    } catch (error) {
        throw diskError(error, `cannot use the directory of snapshots ${directory}`);
    }
}

async function freePath(directory: string, stem: string): Promise<string> {
    const taken = new Set(await readdir(directory));
    for (let i = 0; i < sameSecondMax; i++) {
        const file = i === 0 ? stem + suffix : `${stem}.${i}${suffix}`;
        if (!taken.has(file)) return join(directory, file);
    }
    throw new StoreError('io', `there are too many snapshots ${stem} in ${directory}`);
}

async function describe(path: string): Promise<Pick<StoredSnapshot, 'info' | 'problem'>> {
    try {
        return { info: await readSnapshotInfo(path), problem: undefined };
    } catch (error) {
        return { info: undefined, problem: error instanceof Error ? error.message : String(error) };
    }
}

async function namesIn(directory: string): Promise<string[]> {
    try {
        return await readdir(directory);
    } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw diskError(error, `cannot read the directory of snapshots ${directory}`);
    }
}

/** 20261121t063000z */
function compactTime(ms: number): string {
    return new Date(ms)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replaceAll(/[-:]/g, '')
        .toLowerCase();
}

function parseCompactTime(text: string): number {
    return Date.parse(
        text.toUpperCase().replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6'),
    );
}

/** The time in a file's name and what follows it, then the name. */
function orderOf(file: string): string {
    const [, , time = '', count = ''] = filePattern.exec(file) ?? [];
    return `${time} ${count.slice(1).padStart(3, '0')} ${file}`;
}
