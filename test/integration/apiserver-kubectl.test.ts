import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ApiServerFixture } from './apiserver/fixture.ts';

/** Clients that stand beside the kubectl in the path; that one alone when there are none. */
function clients(): string[] {
    const path = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
    const directory = dirname(realpathSync(path));
    const versions = ['1.27', '1.33'].map((version) => join(directory, `kubectl.${version}`));
    const found = versions.filter((file) => existsSync(file));
    return found.length === 0 ? [path] : found;
}

describe.each(clients())('%s against the API server', (binary) => {
    let server: ApiServerFixture;

    beforeAll(async () => {
        process.env['KUBECTL'] = binary;
        server = await ApiServerFixture.start();
    });
    afterAll(async () => {
        delete process.env['KUBECTL'];
        await server.stop();
    });

    async function kubectl(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await server.kubectl(...args);
        expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
        return stdout.trim();
    }

    it('creates, shows, scales, labels and deletes, whatever encoding it sends', async () => {
        await kubectl('create', 'namespace', 'shop');
        const created = await kubectl(
            '-n',
            'shop',
            'create',
            'deployment',
            'web',
            '--image=x',
            '--replicas=3',
        );
        expect(created).toBe('deployment.apps/web created');
        expect(await kubectl('-n', 'shop', 'get', 'deployments')).toMatch(
            /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/3 +0 +0 +\d+s/,
        );
        await kubectl('-n', 'shop', 'scale', 'deployment', 'web', '--replicas=0');
        await kubectl('-n', 'shop', 'label', 'deployment', 'web', 'tier=front');
        const replicas = await kubectl(
            ...['-n', 'shop', 'get', 'deployments', '-l', 'tier=front'],
            ...['-o', 'jsonpath={.items[*].spec.replicas}'],
        );
        expect(replicas).toBe('0');
        await kubectl('-n', 'shop', 'create', 'secret', 'generic', 's', '--from-literal=a=b');
        const secret = await kubectl('-n', 'shop', 'get', 'secret', 's', '-o', 'jsonpath={.data.a}');
        expect(Buffer.from(secret, 'base64').toString()).toBe('b');
        expect(await kubectl('-n', 'shop', 'delete', 'deployment', 'web')).toBe(
            'deployment.apps "web" deleted',
        );
    });

    it('explains errors in the words people know', async () => {
        const missing = await server.kubectl('get', 'pod', 'none');
        expect(missing.stderr.trim()).toBe('Error from server (NotFound): pods "none" not found');
        await kubectl('create', 'configmap', 'a');
        const twice = await server.kubectl('create', 'configmap', 'a');
        expect(twice.stderr).toContain('configmaps "a" already exists');
        const unknown = await server.kubectl('get', 'configmaps', '--field-selector', 'foo=bar');
        expect(unknown.stderr).toContain('"foo" is not a known field selector');
    });
});
