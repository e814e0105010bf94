import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { unmountBelow } from './mounter.ts';
import { bindSubPath } from './sub-path.ts';

const isRoot = process.getuid?.() === 0 && spawnable('mount');
function spawnable(program: string): boolean {
    try {
        execFileSync(program, ['--version'], { stdio: 'ignore' });
        return true;
    } catch {
        return false;
    }
}

let directory = '';
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'subpath-'));
    await mkdir(join(directory, 'volume/..2024_data'), { recursive: true });
    await writeFile(join(directory, 'volume/..2024_data/key'), 'value');
    await symlink('..2024_data', join(directory, 'volume/..data'));
    await symlink('..data/key', join(directory, 'volume/key'));
    await writeFile(join(directory, 'outside'), 'secret');
    await symlink('../outside', join(directory, 'volume/evil'));
    await symlink('/', join(directory, 'volume/root'));
});
afterEach(async () => {
    await unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
});

const bind = async (subPath: string) =>
    await bindSubPath(join(directory, 'volume'), subPath, {
        target: join(directory, 'target'),
        readOnlyVolume: false,
    });

describe('bindSubPath', () => {
    it.each(['evil', 'root/etc', '../outside', '/etc', 'a/../../outside', 'root/new/deep'])(
        'refuses %s, which leaves the volume',
        async (subPath) => {
            await expect(bind(subPath)).rejects.toThrow('subPath');
        },
    );

    (isRoot ? it : it.skip)('binds a file behind the links of an atomic volume', async () => {
        expect(await readFile(await bind('key'), 'utf8')).toBe('value');
    });

    (isRoot ? it : it.skip)('makes a directory that is missing', async () => {
        await writeFile(join(await bind('new/deep'), 'file'), 'x');
        expect(await readFile(join(directory, 'volume/new/deep/file'), 'utf8')).toBe('x');
    });
});
