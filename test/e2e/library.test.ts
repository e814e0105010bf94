import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const timeoutMs = 60_000;

/** The project of somebody who uses what was built: node_modules/hyperkube is this package. */
let project: string;
/** Where its programs put temporary files. */
let temporary: string;

beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'hyperkube-library-'));
    temporary = join(project, 'tmp');
    await mkdir(temporary);
    await mkdir(join(project, 'node_modules'));
    await symlink(root, join(project, 'node_modules', 'hyperkube'));
    await writeFile(join(project, 'package.json'), '{}');
});

afterAll(async () => {
    await rm(project, { recursive: true });
});

/** Runs a program in the project to its own end; a program that has to be killed fails. */
async function run(
    args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string; signal: string | undefined }> {
    return await new Promise((resolve) => {
        const environment = { ...process.env, TMPDIR: temporary, NODE_OPTIONS: '' };
        execFile(
            process.execPath,
            args,
            { cwd: project, env: environment, timeout: timeoutMs },
            (error, stdout, stderr) => {
                const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
                resolve({ code, stdout, stderr, signal: error?.signal });
            },
        );
    });
}

/** Two servers with clients that do not let go: a watch, a connection that is kept, one that says nothing. */
const body = `
    const { startApiServer } = NAMESPACE;
    const https = HTTPS;
    const net = NET;
    const remaining = async () => {
        // The clients' own sockets end some turns of the event loop later.
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        return [process._getActiveHandles().length, process.getActiveResourcesInfo().sort().join()];
    };
    const before = await remaining();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]).join();
    const servers = await Promise.all([startApiServer({ controllers: ['*'] }), startApiServer()]);
    for (const server of servers) {
        const { certificate: cert, key } = server.kubeconfig;
        const agent = new https.Agent({ keepAlive: true });
        const get = (path) => new Promise((resolve, reject) => {
            const request = https.get(server.url + path, { agent, ca: server.ca, cert, key }, resolve);
            request.on('error', reject);
        });
        const list = await get('/api/v1/namespaces');
        await new Promise((resolve) => list.resume().on('end', resolve));
        const watch = await get('/api/v1/namespaces?watch=1');
        watch.on('error', () => {}).resume();
        const silent = net.connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {}).resume();
        await new Promise((resolve) => silent.on('connect', resolve));
        const ended = Promise.all([watch, silent].map((one) => new Promise((resolve) => one.on('close', resolve))));
        await server.close();
        await ended;
        agent.destroy();
    }
    const after = await remaining();
    const listenersAfter = process.eventNames().map((name) => [name, process.listenerCount(name)]).join();
    console.log(JSON.stringify({ before, after, listeners, listenersAfter }));
`;

interface Report {
    before: unknown;
    after: unknown;
    listeners: string;
    listenersAfter: string;
}

describe.each([
    [
        'an ES module',
        'program.mjs',
        body
            .replace('NAMESPACE', "await import('hyperkube')")
            .replace('HTTPS', "(await import('node:https')).default")
            .replace('NET', "(await import('node:net')).default"),
    ],
    [
        'a CommonJS module',
        'program.cjs',
        `(async () => {${body
            .replace('NAMESPACE', "require('hyperkube/testing')")
            .replace('HTTPS', "require('node:https')")
            .replace('NET', "require('node:net')")}})();`,
    ],
])('the library in %s', (_kind, file, program) => {
    it('leaves nothing behind when its servers are closed: the process ends by itself', async () => {
        await writeFile(join(project, file), program);
        const { code, signal, stdout, stderr } = await run([file]);
        expect({ code, signal, stderr }).toEqual({ code: 0, signal: undefined, stderr: '' });
        const { before, after, listeners, listenersAfter } = JSON.parse(stdout) as Report;
        expect(after).toEqual(before);
        expect(listenersAfter).toBe(listeners);
        expect(await readdir(temporary)).toEqual([]);
    }, 60_000);
});

it('the library works in a test runner that loads tests with require', async () => {
    await writeFile(
        join(project, 'server.test.js'),
        `const { startApiServer } = require('hyperkube');
        test('starts, serves custom resources, resets and closes', async () => {
            const server = await startApiServer({ crds: ${JSON.stringify(join(root, 'test/examples/operator/crds'))} });
            await server.reset();
            await server.close();
        });`,
    );
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const { code, stderr } = await run([
        jest,
        '--runInBand',
        '--rootDir',
        project,
        '--cacheDirectory',
        join(project, 'cache'),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('1 passed') });
    expect(stderr).not.toContain('did not exit');
}, 60_000);

it('the declarations of the library hold in strict programs of both kinds of modules', async () => {
    const program = `import { startApiServer, type ApiServerOptions, type TestApiServer } from 'hyperkube';
        import type { Kubeconfig } from 'hyperkube/testing';
        declare class ConfigMap {
            'apiVersion'?: string;
            'kind'?: string;
            'metadata'?: { 'name'?: string; 'labels'?: { [key: string]: string }; 'creationTimestamp'?: Date };
            'data'?: { [key: string]: string };
        }
        export async function use(): Promise<string> {
            const options: ApiServerOptions = { crds: ['./crds', new URL('file:///a')], audit: ({ verb }) => void verb };
            const literal = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'b' }, data: { c: 'd' } };
            options.objects = [literal, { apiVersion: 'v1', kind: 'Secret', data: {} }, new ConfigMap()];
            // @ts-expect-error a number is no object
            options.objects = [1];
            await using server: TestApiServer = await startApiServer(options);
            const jane: Kubeconfig = await server.asUser({ name: 'jane', groups: ['readers'] });
            // @ts-expect-error a user has a name
            await server.asUser({});
            // @ts-expect-error no option has this name
            await startApiServer({ crd: [] });
            return jane.text;
        }`;
    for (const name of ['use.mts', 'use.cts']) await writeFile(join(project, name), program);
    const compilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        exactOptionalPropertyTypes: true,
        target: 'es2022',
        module: 'nodenext',
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
    };
    const settings = { compilerOptions, files: ['use.mts', 'use.cts'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(settings));
    const { code, stdout } = await run([join(root, 'node_modules', 'typescript', 'bin', 'tsc')]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
}, 60_000);
