import { execFile, execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../../src/api/meta/object.ts';
import { CniNetwork } from '../../src/components/kubelet/network/cni.ts';
import {
    createDockerRuntime,
    type DockerRuntime,
} from '../../src/components/kubelet/runtime/docker-runtime.ts';
import type { ContainerConfig, PodSandboxConfig } from '../../src/components/kubelet/runtime/runtime.ts';
import { KubeletServer } from '../../src/components/kubelet/server/kubelet-server.ts';
import { certificateUser } from '../../src/components/kubelet/server/webhook-auth.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/authority.ts';
import { proxyUpgrade } from '../../src/streaming/proxy-upgrade.ts';
import { silentLogger } from '../../src/util/logger.ts';

const unique = `hkks${process.pid}`;
const image = `${unique}/busybox:1`;
const pauseImage = `${unique}/pause:1`;
const timeoutMs = 60_000;
const pod = { name: 'web', namespace: unique, uid: `${unique}-uid` };

let root = '';
let runtime: DockerRuntime;
let server: KubeletServer;
let front: Server;
let authority: KeyPair;
let admin: KeyPair;
let stranger: KeyPair;
let sandboxId = '';
let containerId = '';

const sandbox: PodSandboxConfig = {
    pod,
    attempt: 0,
    hostname: 'web',
    labels: {},
    annotations: {},
    portMappings: [],
    // A namespace of its own without interfaces: port-forward goes through its loopback.
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcessNamespace: false,
    sysctls: {},
};
const container: ContainerConfig = {
    name: 'main',
    attempt: 0,
    image,
    command: [
        '/bin/busybox',
        'sh',
        '-c',
        'busybox mkdir -p /www /usr/bin; busybox --install -s /bin; echo pong > /www/ping; echo started; echo oops >&2; exec httpd -f -p 127.0.0.1:8080 -h /www',
    ],
    env: [{ name: 'PATH', value: '/bin' }],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
        supplementalGroups: [],
        privileged: false,
        readOnlyRootFilesystem: false,
        addCapabilities: [],
        dropCapabilities: [],
        noNewPrivileges: false,
    },
};

function apiPod(): V1Pod {
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...pod },
        spec: {
            nodeName: 'node',
            containers: [
                { name: 'main', image },
                { name: 'late', image },
            ],
        },
        status: {
            phase: 'Running',
            containerStatuses: [
                { name: 'main', image, imageID: '', ready: true, restartCount: 0, state: { running: {} } },
                {
                    name: 'late',
                    image,
                    imageID: '',
                    ready: false,
                    restartCount: 0,
                    state: { waiting: { reason: 'ContainerCreating' } },
                },
            ],
        },
    };
}

interface Answer {
    code: number;
    body: string;
}

function get(path: string, options: { as?: KeyPair; method?: string } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const req = httpsRequest(
            {
                host: '127.0.0.1',
                port: server.port,
                path,
                method: options.method ?? 'GET',
                ca: authority.cert,
                ...options.as,
            },
            (res) => {
                const chunks: Buffer[] = [];
                res.on('data', (chunk: Buffer) => chunks.push(chunk));
                res.on('end', () =>
                    resolve({ code: res.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
                );
            },
        );
        req.once('error', reject);
        req.end();
    });
}

/** As much of an API as kubectl needs to find one pod. */
function frontDocuments(): Record<string, object> {
    const resource = { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get'] };
    return {
        '/api': { kind: 'APIVersions', versions: ['v1'] },
        '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
        '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [resource] },
        [`/api/v1/namespaces/${unique}/pods/web`]: apiPod(),
    };
}

/** The API server's part in kubectl's conversation, as thin as can be: the upgrade proxy is the real one. */
function startFront(): Promise<Server> {
    const kubeletPath = (url: URL): string | undefined => {
        const [, sub] = /\/pods\/web\/(exec|attach|portforward)$/.exec(url.pathname) ?? [];
        if (sub === 'portforward') return `/portForward/${unique}/web${url.search}`;
        return sub === undefined ? undefined : `/${sub}/${unique}/web/main${url.search}`;
    };
    const made = createServer((req, res) => {
        const url = new URL(req.url ?? '/', 'http://x');
        const found = frontDocuments()[url.pathname];
        res.writeHead(found === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
        res.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
    });
    made.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
        const path = kubeletPath(new URL(req.url ?? '/', 'http://x'));
        if (path === undefined) {
            socket.destroy();
            return;
        }
        void proxyUpgrade(req, socket, head, {
            protocol: 'https:',
            host: '127.0.0.1',
            port: server.port,
            path,
            ca: authority.cert,
            ...admin,
        });
    });
    return new Promise((resolve) => {
        made.listen(0, '127.0.0.1', () => resolve(made));
    });
}

beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'hyperkube-kubelet-'));
    execFileSync('sh', ['-c', 'tar -C / -c bin/busybox | docker import - "$0"', image]);
    const network = new CniNetwork({
        logger: silentLogger(),
        podCidrs: () => ['10.213.78.0/24'],
        stateDirectory: join(root, 'cni'),
        configDirectory: join(root, 'net.d'),
        bridge: `hks${process.pid}`.slice(0, 15),
        nonMasqueradeCidrs: false,
    });
    // No interfaces are needed here, so none are made on this machine.
    network.setUp = () => Promise.resolve(['10.213.78.2']);
    runtime = await createDockerRuntime({ logger: silentLogger(), network, rootDirectory: root, pauseImage });
    sandboxId = await runtime.runPodSandbox(sandbox);
    containerId = await runtime.createContainer(sandboxId, container, sandbox);
    await runtime.startContainer(containerId);
    const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
    authority = await createAuthority('test-ca', validity);
    const issue = (commonName: string, usages: ('client' | 'server')[], organizations: string[] = []) =>
        issueCertificate(authority, {
            commonName,
            organizations,
            usages,
            ipAddresses: ['127.0.0.1'],
            validity,
        });
    const serving = await issue('system:node:node', ['server']);
    admin = await issue('admin', ['client'], ['system:masters']);
    stranger = await issue('stranger', ['client']);
    server = new KubeletServer({
        nodeName: 'node',
        address: '127.0.0.1',
        port: 0,
        tls: { ...serving, clientCa: authority.cert },
        pods: {
            pods: () => [apiPod()],
            podByName: (namespace, name) => (namespace === unique && name === 'web' ? apiPod() : undefined),
            containerId: (_pod, name) => (name === 'main' ? containerId : undefined),
            sandboxId: () => sandboxId,
        },
        runtime,
        authenticate: (req) => Promise.resolve(certificateUser(req)),
        authorize: (user) => Promise.resolve(user.groups.includes('system:masters')),
        rootDirectory: root,
        logger: silentLogger(),
    });
    await server.start();
    front = await startFront();
}, timeoutMs);

afterAll(async () => {
    front.close();
    front.closeAllConnections();
    await server.stop();
    await runtime.stopPodSandbox(sandboxId);
    await runtime.removeContainer(containerId);
    await runtime.removePodSandbox(sandboxId);
    await runtime.close();
    execFileSync('docker', ['rmi', '-f', image, pauseImage], { stdio: 'ignore' });
    rmSync(root, { recursive: true, force: true });
}, timeoutMs);

describe('the kubelet server', () => {
    it('lets in whom the authorizer allows, and says why others may not', async () => {
        expect(await get('/healthz', { as: admin })).toEqual({ code: 200, body: 'ok' });
        expect(await get('/pods')).toEqual({ code: 401, body: 'Unauthorized' });
        const refused = await get('/stats/summary', { as: stranger });
        expect(refused).toEqual({
            code: 403,
            body: 'Forbidden (user=stranger, verb=get, resource=nodes, subresource(s)=[stats])',
        });
        expect((await get('/nothing', { as: admin })).code).toBe(404);
        expect((await get('/pods', { as: admin, method: 'DELETE' })).code).toBe(405);
    });

    it('logs, and why there are none', async () => {
        const logs = (path: string): Promise<Answer> =>
            get(`/containerLogs/${unique}/${path}`, { as: admin });
        expect((await logs('web/main?stream=Stdout')).body).toBe('started\n');
        expect((await logs('web/main?stream=Stderr')).body).toBe('oops\n');
        expect(await logs('web/main?previous=true')).toEqual({
            code: 400,
            body: 'previous terminated container "main" in pod "web" not found',
        });
        expect(await logs('web/late')).toEqual({
            code: 400,
            body: 'container "late" in pod "web" is waiting to start: ContainerCreating',
        });
        expect(await logs('web/none')).toEqual({
            code: 404,
            body: 'container "none" not found in pod "web"',
        });
        expect(await logs('gone/main')).toEqual({ code: 404, body: 'pod does not exist' });
    });

    it('pods, statistics and metrics', async () => {
        expect(JSON.parse((await get('/pods', { as: admin })).body)).toMatchObject({ kind: 'PodList' });
        expect((await get('/runningpods/', { as: admin })).body).toContain('"name":"main"');
        const summary = JSON.parse((await get('/stats/summary', { as: admin })).body) as {
            node: { memory: { workingSetBytes: number }; fs: { capacityBytes: number } };
            pods: { podRef: object; containers: { name: string; memory: { workingSetBytes: number } }[] }[];
        };
        expect(summary.node.memory.workingSetBytes).toBeGreaterThan(0);
        expect(summary.node.fs.capacityBytes).toBeGreaterThan(0);
        expect(summary.pods).toHaveLength(1);
        expect(summary.pods[0]).toMatchObject({ podRef: pod, containers: [{ name: 'main' }] });
        const resource = (await get('/metrics/resource', { as: admin })).body;
        expect(resource).toMatch(
            new RegExp(`pod_memory_working_set_bytes{namespace="${unique}",pod="web"} \\d+ \\d+`),
        );
        expect((await get('/metrics/cadvisor', { as: admin })).body).toContain(
            'container_cpu_usage_seconds_total',
        );
        expect((await get('/metrics', { as: admin })).body).toContain('kubelet_running_pods');
    });

    it('/run runs a command to its end', async () => {
        const answer = await get(`/run/${unique}/web/main?cmd=echo%20hi`, { as: admin, method: 'POST' });
        expect(answer).toEqual({ code: 200, body: 'hi\n' });
    });
});

interface Outcome {
    code: number;
    stdout: string;
    stderr: string;
}

function kubectl(program: string, args: string[], input?: string): Promise<Outcome> {
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
    return new Promise((resolve) => {
        const child = execFile(
            program,
            ['--server', url, '--kubeconfig=/dev/null', '-n', unique, ...args],
            { timeout: 30_000, maxBuffer: 64 * 1024 * 1024 },
            (error, stdout, stderr) => {
                const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
                resolve({ code, stdout, stderr });
            },
        );
        child.stdin?.end(input);
    });
}

/** One that speaks SPDY and one that speaks WebSocket, where this machine has them. */
function kubectls(): string[] {
    const directory = dirname(realpathSync(execFileSync('which', ['kubectl'], { encoding: 'utf8' }).trim()));
    const names = readdirSync(directory)
        .filter((name) => /^kubectl\.1\.\d+$/.test(name))
        .sort();
    return [...new Set([names[0], names[names.length - 1]])].flatMap((name) =>
        name === undefined ? [] : [join(directory, name)],
    );
}

describe.each(kubectls())('%s against the kubelet server', (program) => {
    it('exec: output, errors, exit code', async () => {
        const outcome = await kubectl(program, [
            'exec',
            'web',
            '-c',
            'main',
            '--',
            'sh',
            '-c',
            'echo out; echo err >&2; exit 42',
        ]);
        expect(outcome).toMatchObject({ code: 42, stdout: 'out\n' });
        expect(outcome.stderr).toContain('err\n');
        expect(outcome.stderr).toContain('command terminated with exit code 42');
    });

    it('exec: five megabytes in and out again', async () => {
        const big = 'x'.repeat(5_000_000);
        const outcome = await kubectl(program, ['exec', '-i', 'web', '-c', 'main', '--', 'cat'], big);
        expect(outcome.code).toBe(0);
        expect(outcome.stdout.length).toBe(big.length);
    });

    it("port-forward: a page from a server on the pod's loopback, several times", async () => {
        const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
        const child = spawn(program, [
            '--server',
            url,
            '--kubeconfig=/dev/null',
            '-n',
            unique,
            'port-forward',
            'pod/web',
            ':8080',
        ]);
        try {
            let output = '';
            child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
            let errors = '';
            child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
            for (let waits = 0; waits < 200 && !output.includes('Forwarding'); waits++) await delay(25);
            const local = /127\.0\.0\.1:(\d+)/.exec(output)?.[1];
            expect([local, errors]).toEqual([expect.stringMatching(/^\d+$/), '']);
            const pages = await Promise.all(
                [1, 2, 3, 4, 5].map(
                    async () => await (await fetch(`http://127.0.0.1:${local ?? ''}/ping`)).text(),
                ),
            );
            expect(pages).toEqual(Array.from({ length: 5 }, () => 'pong\n'));
        } finally {
            child.kill();
        }
    });
});
