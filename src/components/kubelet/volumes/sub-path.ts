import { constants } from 'node:fs';
import { chmod, mkdir, open, realpath, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { bindMount, isMountPoint, unmount } from './mounter.ts';
import { VolumeError } from './volume-plugin.ts';

/**
 * Binds `subPath` of a volume to `target` and returns it. A container of the pod may write to the volume
 * while this runs: every component is opened without following links, and the descriptor that was
 * checked is what is mounted (upstream: pkg/volume/util/subpath).
 */
export async function bindSubPath(
    volumeRoot: string,
    subPath: string,
    { target, readOnlyVolume }: { target: string; readOnlyVolume: boolean },
): Promise<string> {
    if (subPath.startsWith('/') || normalize(subPath).split('/').includes('..'))
        throw new VolumeError(`subPath "${subPath}" must be a relative path without ".."`);
    const root = await realpath(volumeRoot);
    if (!readOnlyVolume) await makeDirectories(root, subPath);
    const resolved = await realpath(join(root, subPath));
    const inside = relative(root, resolved);
    if (leaves(inside)) throw escapes(subPath);
    const handle = await openInside(root, inside);
    try {
        const isDirectory = (await handle.stat()).isDirectory();
        await prepareTarget(target, isDirectory);
        await bindMount(`/proc/${process.pid}/fd/${handle.fd}`, target);
    } finally {
        await handle.close();
    }
    return target;
}

/** "../x" does; "..2024_01_02/x", a directory of the atomic writer, does not. */
function leaves(relativePath: string): boolean {
    return relativePath === '..' || relativePath.startsWith('../');
}

function escapes(subPath: string): VolumeError {
    return new VolumeError(`subPath "${subPath}" leaves its volume`);
}

const noFollow = constants.O_NOFOLLOW | O_PATH();

/** O_PATH of Linux: a handle that names a file without opening it; missing in node's constants. */
function O_PATH(): number {
    return 0o10000000;
}

/** Opens root/path component by component; throws when one of them is a link. */
async function openInside(root: string, path: string): Promise<FileHandle> {
    let handle = await open(root, noFollow);
    try {
        for (const component of path.split('/').filter((part) => part !== '' && part !== '.')) {
            const next = await open(`/proc/self/fd/${handle.fd}/${component}`, noFollow);
            await handle.close();
            handle = next;
            if ((await handle.stat()).isSymbolicLink()) throw escapes(path);
        }
        return handle;
    } catch (error) {
        await handle.close();
        throw error;
    }
}

/** Makes the missing directories of a sub path, each inside a handle of its parent. */
async function makeDirectories(root: string, subPath: string): Promise<void> {
    if ((await stat(join(root, subPath)).catch(() => undefined)) !== undefined) return;
    const components = normalize(subPath)
        .split('/')
        .filter((part) => part !== '' && part !== '.');
    // As the volume itself: its users must be able to write there.
    const mode = (await stat(root)).mode & 0o7777;
    let existing = root;
    for (const component of components) {
        const next = join(existing, component);
        const real = await realpath(next).catch(() => undefined);
        if (real === undefined) {
            const parent = await openInside(root, relative(root, existing));
            try {
                const path = `/proc/self/fd/${parent.fd}/${component}`;
                await mkdir(path, { mode: 0o750 });
                const made = await openInside(root, relative(root, next));
                try {
                    await chmod(`/proc/self/fd/${made.fd}`, mode);
                } finally {
                    await made.close();
                }
            } finally {
                await parent.close();
            }
            existing = next;
        } else {
            if (leaves(relative(root, real))) throw escapes(subPath);
            existing = real;
        }
    }
}

async function prepareTarget(target: string, isDirectory: boolean): Promise<void> {
    if (await isMountPoint(target)) await unmount(target);
    await mkdir(isDirectory ? target : dirname(target), { recursive: true, mode: 0o750 });
    if (!isDirectory) await writeFile(target, '', { flag: 'a', mode: 0o640 });
}
