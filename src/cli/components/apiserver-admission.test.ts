import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../../components/apiserver/admission/index.ts';
import { MemoryClient } from '../../components/apiserver/testing/memory-client.ts';
import { MemoryReader } from '../../components/apiserver/testing/memory-reader.ts';
import { apiserverFlags } from '../flag-sets/apiserver-flags.ts';
import { addFlags, readFlags } from '../flags.ts';
import { admissionSelectionOf } from './apiserver-admission.ts';

let directory: string;

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'admission-'));
});

afterAll(async () => {
    await rm(directory, { recursive: true });
});

/** The selection that a command line makes. */
async function selection(...args: string[]) {
    const command = addFlags(new Command('apiserver').exitOverride(), apiserverFlags).action(() => undefined);
    await command.parseAsync(['node', 'apiserver', ...args]);
    return await admissionSelectionOf(await readFlags(command, apiserverFlags));
}

/** Names of the plugins that run with it. */
async function plugins(...args: string[]): Promise<string[]> {
    const reader = new MemoryReader();
    const chosen = createAdmission({
        reader,
        client: () => new MemoryClient(reader),
        ...(await selection(...args)),
    });
    return chosen.map(({ name }) => name);
}

describe('flags for admission', () => {
    it('turn plugins on and off besides the default ones', async () => {
        const before = await plugins();
        const after = await plugins(
            '--enable-admission-plugins=AlwaysPullImages,NamespaceExists',
            '--enable-admission-plugins=DenyServiceExternalIPs',
            '--disable-admission-plugins=Priority,ClusterTrustBundleAttest',
        );
        expect(after.filter((name) => !before.includes(name))).toEqual([
            'NamespaceExists',
            'AlwaysPullImages',
            'DenyServiceExternalIPs',
        ]);
        expect(before.filter((name) => !after.includes(name))).toEqual(['Priority']);
    });

    it('give a whole list instead, in any order', async () => {
        const chosen = await plugins('--admission-control=ResourceQuota,NamespaceLifecycle,AlwaysAdmit');
        expect(chosen.slice(-3)).toEqual(['AlwaysAdmit', 'NamespaceLifecycle', 'ResourceQuota']);
        expect(chosen).not.toContain('LimitRanger');
    });

    it.each([
        [
            ['--enable-admission-plugins=SecurityContextDeny'],
            'enable-admission-plugins plugin "SecurityContextDeny" is unknown',
        ],
        [['--disable-admission-plugins=Nothing'], 'disable-admission-plugins plugin "Nothing" is unknown'],
        [['--admission-control=Nothing'], 'admission-control plugin "Nothing" is unknown'],
        [
            ['--enable-admission-plugins=JobValidation'],
            'enable-admission-plugins plugin "JobValidation" is not built into this API server',
        ],
        [
            ['--enable-admission-plugins=Priority', '--disable-admission-plugins=Priority'],
            '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
        ],
        [
            ['--admission-control=Priority', '--disable-admission-plugins=LimitRanger'],
            'admission-control and enable-admission-plugins/disable-admission-plugins are mutually exclusive',
        ],
    ])('are refused: %j', async (args, message) => {
        await expect(selection(...args)).rejects.toThrow(message);
    });

    it('name a file, whose paths are relative to it', async () => {
        const file = join(directory, 'admission.yaml');
        await writeFile(
            file,
            'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{name: EventRateLimit, path: events.yaml}]\n',
        );
        await expect(selection(`--admission-control-config-file=${file}`)).rejects.toThrow(
            /--admission-control-config-file: .*admission\.yaml: .*ENOENT.*events\.yaml/,
        );
        await writeFile(
            join(directory, 'events.yaml'),
            'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: Server, qps: 5, burst: 10}]\n',
        );
        const args = ['--enable-admission-plugins=EventRateLimit', `--admission-control-config-file=${file}`];
        expect((await selection(...args)).configuration?.eventLimits).toEqual([
            { type: 'Server', qps: 5, burst: 10, cacheSize: 4096 },
        ]);
        expect(await plugins(...args)).toContain('EventRateLimit');
    });
});
