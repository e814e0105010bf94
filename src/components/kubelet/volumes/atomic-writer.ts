import {
    chmod,
    chown,
    mkdir,
    readdir,
    readFile,
    readlink,
    rename,
    rm,
    stat,
    symlink,
    unlink,
    writeFile,
} from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

export interface FileProjection {
    data: Buffer;
    mode: number;
    /** Owner; absent: the kubelet's. */
    uid?: number | undefined;
    /** Group; absent: the kubelet's. */
    gid?: number | undefined;
}

export type Payload = ReadonlyMap<string, FileProjection>;

const dataLink = '..data';
const newDataLink = '..data_tmp';
const pathCharsMax = 4096;

/**
 * Puts a set of files into a directory so that a reader sees all old or all new ones (upstream:
 * volume/util/atomic_writer.go). For a payload of `app/config` and `user`:
 *
 *     target/..2024_05_01_10_20_30.123456789/app/config
 *     target/..2024_05_01_10_20_30.123456789/user
 *     target/..data -> ..2024_05_01_10_20_30.123456789     replaced by rename: the atomic step
 *     target/app -> ..data/app
 *     target/user -> ..data/user
 *
 * Returns false when the directory already has exactly this payload.
 */
export async function writeAtomically(target: string, payload: Payload): Promise<boolean> {
    for (const path of payload.keys()) validatePath(path);
    const old = await readlink(join(target, dataLink)).catch(() => undefined);
    if (old !== undefined && (await hasPayload(join(target, old), payload))) {
        await linkVisible(target, payload);
        return false;
    }
    const fresh = timestampedName(new Date());
    await writePayload(join(target, fresh), payload);
    await rm(join(target, newDataLink), { force: true });
    await symlink(fresh, join(target, newDataLink));
    await rename(join(target, newDataLink), join(target, dataLink));
    await linkVisible(target, payload);
    await removeStale(target, payload, fresh);
    return true;
}

function validatePath(path: string): void {
    const bad =
        path === '' ||
        path.length > pathCharsMax ||
        path.startsWith('/') ||
        path.startsWith('..') ||
        normalize(path).split('/').includes('..');
    if (bad) throw new Error(`invalid path: ${path}: must be relative and must not contain '..'`);
}

function timestampedName(now: Date): string {
    const date = now.toISOString().replace(/[-:]/g, '_').replace('T', '_').replace(/\..*/, '');
    const nanos = process.hrtime.bigint() % 1_000_000_000n;
    return `..${date}.${nanos.toString().padStart(9, '0')}`;
}

async function hasPayload(directory: string, payload: Payload): Promise<boolean> {
    try {
        const files = await listFiles(directory, '');
        if (files.length !== payload.size) return false;
        for (const [path, { data, mode }] of payload) {
            const file = join(directory, path);
            const info = await stat(file);
            if (info.size !== data.length || (info.mode & 0o777) !== (mode & 0o777)) return false;
            if (!data.equals(await readFile(file))) return false;
        }
        return true;
    } catch {
        // Unreadable or incomplete: written anew.
        return false;
    }
}

async function listFiles(root: string, prefix: string): Promise<string[]> {
    const entries = await readdir(join(root, prefix), { withFileTypes: true });
    const lists = entries.map(async (entry) => {
        const path = join(prefix, entry.name);
        return entry.isDirectory() ? await listFiles(root, path) : [path];
    });
    return (await Promise.all(lists)).flat();
}

async function writePayload(directory: string, payload: Payload): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await chmod(directory, 0o755);
    for (const [path, { data, mode, uid, gid }] of payload) {
        const file = join(directory, path);
        await mkdir(dirname(file), { recursive: true, mode: 0o755 });
        await writeFile(file, data, { mode: 0o600, flag: 'wx' });
        if (uid !== undefined || gid !== undefined) await chown(file, uid ?? -1, gid ?? -1);
        // After the owner: chown clears bits, and the umask must not count.
        await chmod(file, mode);
    }
}

async function linkVisible(target: string, payload: Payload): Promise<void> {
    for (const name of topLevelNames(payload)) {
        const link = join(target, name);
        const wanted = join(dataLink, name);
        if ((await readlink(link).catch(() => undefined)) === wanted) continue;
        await rm(link, { force: true, recursive: true });
        await symlink(wanted, link);
    }
}

function topLevelNames(payload: Payload): Set<string> {
    return new Set([...payload.keys()].map((path) => normalize(path).split('/')[0] ?? path));
}

async function removeStale(target: string, payload: Payload, current: string): Promise<void> {
    const visible = topLevelNames(payload);
    for (const name of await readdir(target)) {
        if (name === dataLink || name === current || visible.has(name)) continue;
        if (name.startsWith('..')) await rm(join(target, name), { recursive: true, force: true });
        else await unlink(join(target, name));
    }
}
