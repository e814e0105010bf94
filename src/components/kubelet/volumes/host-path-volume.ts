import { mkdir, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { VolumeError, type VolumePlugin } from './volume-plugin.ts';

/** A file or directory of the node. */
export const hostPathVolume: VolumePlugin = {
    name: 'kubernetes.io/host-path',
    supports: ({ hostPath }) => hostPath !== undefined,
    async setUp({ volume }) {
        const path = volume.hostPath?.path ?? '';
        await checkHostPath(path, volume.hostPath?.type ?? '');
        return { hostPath: path };
    },
};

/** Throws VolumeError when what is there is not of `type`; creates what a "…OrCreate" type asks for. */
export async function checkHostPath(path: string, type: string): Promise<void> {
    if (type === '') {
        // As the container runtimes do: a directory that is missing is made.
        if ((await statOrUndefined(path)) === undefined) await mkdir(path, { recursive: true });
        return;
    }
    if (type === 'DirectoryOrCreate')
        await mkdir(path, { recursive: true, mode: 0o755 }).catch(ignoreExisting);
    if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
    const test = tests[type];
    if (test === undefined) throw new VolumeError(`${type} is an invalid volume type`);
    const info = await statOrUndefined(path);
    if (info === undefined || !test.is(info))
        throw new VolumeError(`hostPath type check failed: ${path} is not a ${test.what}`);
}

const directory = { what: 'directory', is: (info: Stats) => info.isDirectory() };
const file = { what: 'file', is: (info: Stats) => info.isFile() };
const tests: Record<string, { what: string; is: (info: Stats) => boolean }> = {
    Directory: directory,
    DirectoryOrCreate: directory,
    File: file,
    FileOrCreate: file,
    Socket: { what: 'socket file', is: (info) => info.isSocket() },
    CharDevice: { what: 'character device', is: (info) => info.isCharacterDevice() },
    BlockDevice: { what: 'block device', is: (info) => info.isBlockDevice() },
};

function ignoreExisting(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EEXIST') throw error;
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
    try {
        return await stat(path);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
}
