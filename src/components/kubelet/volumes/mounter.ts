import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const commandTimeoutMs = 30_000;

/** Mount points of this process's mount namespace, as written in /proc/self/mountinfo. */
export async function mountPoints(): Promise<string[]> {
    const text = await readFile('/proc/self/mountinfo', 'utf8');
    return text
        .split('\n')
        .map((line) => line.split(' ')[4])
        .filter((path) => path !== undefined)
        .map(unescapeOctal);
}

/** "\040" is a space in mountinfo. */
function unescapeOctal(path: string): string {
    return path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}

export async function isMountPoint(path: string): Promise<boolean> {
    return (await mountPoints()).includes(path);
}

/** Mounts a tmpfs. `sizeBytes` absent: half of the memory, the kernel's default. */
export async function mountTmpfs(
    path: string,
    { sizeBytes, mode }: { sizeBytes?: number | undefined; mode: string },
): Promise<void> {
    const options = [`mode=${mode}`, ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])];
    await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path], {
        timeout: commandTimeoutMs,
    });
}

/** Makes `source` visible at `target` too. `source` may be a /proc/<pid>/fd/<n> link. */
export async function bindMount(source: string, target: string): Promise<void> {
    await run('mount', ['--no-canonicalize', '--bind', source, target], { timeout: commandTimeoutMs });
}

/** Detaches at once; users of the mount keep it until they are gone. */
export async function unmount(path: string): Promise<void> {
    await run('umount', ['--lazy', path], { timeout: commandTimeoutMs });
}

/**
 * Unmounts everything below `directory`, deepest first. Throws when something stays: nothing below may be
 * removed then, it could be the data of others.
 */
export async function unmountBelow(directory: string): Promise<void> {
    const below = async () =>
        (await mountPoints()).filter((path) => path === directory || path.startsWith(`${directory}/`));
    const found = await below();
    if (found.length === 0) return;
    found.sort((a, b) => b.length - a.length);
    for (const path of found) await unmount(path);
    const left = await below();
    if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
}
