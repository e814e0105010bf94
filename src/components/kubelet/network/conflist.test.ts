import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { builtInConfigList, readConfigList } from './conflist.ts';

let directory: string;
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'conflist-'));
});
afterEach(async () => {
    await rm(directory, { recursive: true });
});

describe("the user's CNI configuration", () => {
    it('is the first valid file by name; broken ones are passed over and reported', async () => {
        await writeFile(join(directory, '00-broken.conflist'), '{');
        await writeFile(
            join(directory, '10-flannel.conflist'),
            '{"name":"f","cniVersion":"0.3.1","plugins":[{"type":"flannel"}]}',
        );
        await writeFile(join(directory, '20-other.conf'), '{"name":"o","type":"ptp"}');
        const problems: string[] = [];
        const list = await readConfigList(directory, problems);
        expect(list).toEqual({ name: 'f', cniVersion: '0.3.1', plugins: [{ type: 'flannel' }] });
        expect(problems).toHaveLength(1);
    });

    it('a single plugin becomes a list of one', async () => {
        await writeFile(join(directory, '20-other.conf'), '{"name":"o","type":"ptp"}');
        expect((await readConfigList(directory))?.plugins).toEqual([{ name: 'o', type: 'ptp' }]);
    });

    it('a plugin type that is a path is refused', async () => {
        await writeFile(join(directory, '1.conf'), '{"name":"o","type":"../sh"}');
        const problems: string[] = [];
        expect(await readConfigList(directory, problems)).toBeUndefined();
        expect(problems[0]).toContain('bad plugin type');
    });

    it('no directory means no configuration', async () => {
        expect(await readConfigList(join(directory, 'none'))).toBeUndefined();
    });
});

it('the built-in network runs portmap only for pods with host ports', () => {
    const network = { bridge: 'cni0', podCidrs: ['10.1.0.0/24'], dataDirectory: '/d' };
    const types = (hasPortMappings: boolean): string[] =>
        builtInConfigList({ ...network, hasPortMappings }).plugins.map(({ type }) => type);
    expect(types(false)).toEqual(['bridge']);
    expect(types(true)).toEqual(['bridge', 'portmap']);
});
