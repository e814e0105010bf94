import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeAtomically, type FileProjection } from './atomic-writer.ts';

let directory = '';
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'atomic-'));
});
afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
});

function payload(files: Record<string, string>, mode = 0o644): Map<string, FileProjection> {
    return new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
}

async function visible(): Promise<string[]> {
    return (await readdir(directory)).filter((name) => !name.startsWith('..')).sort();
}

describe('writeAtomically', () => {
    it('shows files through one link that is swapped', async () => {
        expect(await writeAtomically(directory, payload({ 'app/config': 'a', user: 'b' }, 0o600))).toBe(true);
        expect(await visible()).toEqual(['app', 'user']);
        expect(await readlink(join(directory, 'user'))).toBe('..data/user');
        expect(await readFile(join(directory, 'app/config'), 'utf8')).toBe('a');
        expect((await stat(join(directory, 'user'))).mode & 0o777).toBe(0o600);
    });

    it('writes nothing when nothing has changed', async () => {
        await writeAtomically(directory, payload({ a: '1' }));
        const before = await readlink(join(directory, '..data'));
        expect(await writeAtomically(directory, payload({ a: '1' }))).toBe(false);
        expect(await readlink(join(directory, '..data'))).toBe(before);
    });

    it('replaces contents and removes what is gone', async () => {
        await writeAtomically(directory, payload({ a: '1', b: '2', 'c/d': '3' }));
        expect(await writeAtomically(directory, payload({ a: 'new' }))).toBe(true);
        expect(await visible()).toEqual(['a']);
        expect(await readFile(join(directory, 'a'), 'utf8')).toBe('new');
        expect((await readdir(directory)).length).toBe(3);
    });

    it.each(['../evil', '/etc/passwd', 'a/../../b', '..data'])('refuses the path %s', async (path) => {
        await expect(writeAtomically(directory, payload({ [path]: 'x' }))).rejects.toThrow('invalid path');
    });
});
