import { mkdtempSync, readFileSync, rmSync, statSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureClusterPki } from './cluster-pki.ts';
import { exportControlPlaneKeys, importControlPlaneKeys } from './control-plane-keys.ts';
import { authorityHash, ensureJoinToken, parseJoinToken } from './join-token.ts';

let root: string;
let first: string;
let second: string;

beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'hyperkube-keys-'));
    first = join(root, 'first');
    second = join(root, 'second');
    await ensureClusterPki({ directory: first, nodeName: 'one', hostName: 'one' });
});
afterEach(() => {
    rmSync(root, { recursive: true });
});

const read = (directory: string, file: string): string => readFileSync(join(directory, file), 'utf8');

describe('control plane keys', () => {
    it('arrive on the other master, where certificates are then signed by the same authority', async () => {
        await importControlPlaneKeys(second, await exportControlPlaneKeys(first, 'secret'), 'secret');
        for (const file of ['ca.crt', 'ca.key', 'front-proxy-ca.key', 'sa.key']) {
            expect(read(second, file)).toBe(read(first, file));
        }
        expect(statSync(join(second, 'ca.key')).mode & 0o777).toBe(0o600);
        expect(existsSync(join(second, 'apiserver.key'))).toBe(false);
        const pki = await ensureClusterPki({ directory: second, nodeName: 'two', hostName: 'two' });
        expect(pki.ca.cert).toBe(read(first, 'ca.crt'));
    });

    it('are not readable with another secret, nor after a change of any part', async () => {
        const bundle = await exportControlPlaneKeys(first, 'secret');
        await expect(importControlPlaneKeys(second, bundle, 'other')).rejects.toThrow('wrong token');
        for (const offset of [0, 20, 35, 50, bundle.length - 1]) {
            const damaged = Buffer.from(bundle);
            damaged.writeUInt8((damaged.readUInt8(offset) + 1) & 0xff, offset);
            await expect(importControlPlaneKeys(second, damaged, 'secret')).rejects.toThrow(/bundle/);
        }
        await expect(importControlPlaneKeys(second, Buffer.alloc(3), 'secret')).rejects.toThrow('no bundle');
        expect(existsSync(second)).toBe(false);
    });

    it('never replace those of another cluster', async () => {
        await ensureClusterPki({ directory: second, nodeName: 'two', hostName: 'two' });
        const before = read(second, 'ca.key');
        const bundle = await exportControlPlaneKeys(first, 'secret');
        await expect(importControlPlaneKeys(second, bundle, 'secret')).rejects.toThrow('another cluster');
        expect(read(second, 'ca.key')).toBe(before);
    });
});

describe('the join token', () => {
    it('pins the authority, is kept, and is made anew for another authority', async () => {
        const file = join(root, 'server-token');
        const token = await ensureJoinToken(file, read(first, 'ca.crt'));
        expect(token.caHash).toBe(authorityHash(read(first, 'ca.crt')));
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(await ensureJoinToken(file, read(first, 'ca.crt'))).toEqual(token);
        expect(parseJoinToken(`${token.text}\n`)).toEqual(token);
        await ensureClusterPki({ directory: second, nodeName: 'two', hostName: 'two' });
        expect((await ensureJoinToken(file, read(second, 'ca.crt'))).text).not.toBe(token.text);
    });

    it.each(['', 'abcdef.0123456789abcdef', `K10${'a'.repeat(63)}::abcdef.0123456789abcdef`])(
        'says what it should look like when it is "%s"',
        (text) => {
            expect(() => parseJoinToken(text)).toThrow('looks like K10');
        },
    );
});
