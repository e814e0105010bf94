import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, readFileSync, existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CniNetwork } from '../../src/components/kubelet/network/cni.ts';
import { removeBridgeRules } from '../../src/components/kubelet/network/bridge-rules.ts';
import {
    createDockerRuntime,
    type DockerRuntime,
} from '../../src/components/kubelet/runtime/docker-runtime.ts';
import { pauseImageArchive } from '../../src/components/kubelet/runtime/pause-image.ts';
import type {
    ContainerConfig,
    PodSandboxConfig,
    RuntimeEvent,
} from '../../src/components/kubelet/runtime/runtime.ts';
import { silentLogger } from '../../src/util/logger.ts';

const unique = `hkrt${process.pid}`;
const image = `${unique}/busybox:1`;
const pauseImage = `${unique}/pause:1`;
const bridge = `hkb${process.pid}`.slice(0, 15);
const podCidr = '10.213.77.0/24';
const timeoutMs = 60_000;

const docker = (...args: string[]): string =>
    execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let root = '';
let runtime: DockerRuntime;
let events: RuntimeEvent[] = [];

function network(): CniNetwork {
    return new CniNetwork({
        logger: silentLogger(),
        podCidrs: () => [podCidr],
        stateDirectory: join(root, 'cni'),
        configDirectory: join(root, 'net.d'),
        bridge,
    });
}

async function openRuntime(): Promise<DockerRuntime> {
    return await createDockerRuntime({
        logger: silentLogger(),
        network: network(),
        rootDirectory: root,
        pauseImage,
    });
}

function sandboxConfig(name: string, overrides: Partial<PodSandboxConfig> = {}): PodSandboxConfig {
    return {
        pod: { name, namespace: unique, uid: `${unique}-${name}` },
        attempt: 0,
        hostname: name,
        labels: { app: name },
        annotations: { note: 'x' },
        portMappings: [],
        hostNetwork: false,
        hostPid: false,
        hostIpc: false,
        shareProcessNamespace: false,
        sysctls: {},
        ...overrides,
    };
}

function containerConfig(script: string, overrides: Partial<ContainerConfig> = {}): ContainerConfig {
    return {
        name: 'main',
        attempt: 0,
        image,
        command: ['/bin/busybox', 'sh', '-c', script],
        env: [{ name: 'GREETING', value: 'hello' }],
        mounts: [],
        devices: [],
        labels: {},
        annotations: { 'io.kubernetes.container.hash': 'abc' },
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
        ...overrides,
    };
}

/** Runs `script` as the container of a new pod. */
async function start(
    name: string,
    script: string,
    overrides: { sandbox?: Partial<PodSandboxConfig>; container?: Partial<ContainerConfig> } = {},
): Promise<{ sandboxId: string; id: string }> {
    const sandbox = sandboxConfig(name, overrides.sandbox);
    const sandboxId = await runtime.runPodSandbox(sandbox);
    const id = await runtime.createContainer(
        sandboxId,
        containerConfig(script, overrides.container),
        sandbox,
    );
    await runtime.startContainer(id);
    return { sandboxId, id };
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
    for (let waits = 0; waits < 400; waits++) {
        if (await what()) return;
        await delay(25);
    }
    throw new Error('did not happen in time');
}

async function exitOf(id: string): Promise<number> {
    await until(async () => (await runtime.containerStatus(id))?.state === 'exited');
    return (await runtime.containerStatus(id))?.exitCode ?? -1;
}

async function text(stream: Readable): Promise<string> {
    let all = '';
    for await (const chunk of stream as AsyncIterable<Buffer>) all += chunk.toString();
    return all;
}

async function logsOf(
    id: string,
    options: Partial<Parameters<DockerRuntime['containerLogs']>[1]> = {},
): Promise<{ stdout: string; stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const read = Promise.all([text(stdout), text(stderr)]);
    await runtime.containerLogs(id, { follow: false, timestamps: false, ...options }, { stdout, stderr });
    stdout.end();
    stderr.end();
    const [out, err] = await read;
    return { stdout: out, stderr: err };
}

async function exec(id: string, script: string): Promise<string> {
    const result = await runtime.execSync(id, ['/bin/busybox', 'sh', '-c', script], { timeoutMs: 10_000 });
    expect(result.exitCode).toBe(0);
    return result.stdout.toString().trim();
}

beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'hyperkube-runtime-'));
    execFileSync('sh', ['-c', 'tar -C / -c bin/busybox | docker import - "$0"', image]);
    runtime = await openRuntime();
    runtime.onEvent((event) => events.push(event));
}, timeoutMs);

afterAll(async () => {
    const own = (await runtime.listPodSandboxes()).filter(({ pod }) => pod.namespace === unique);
    for (const { id } of own) await runtime.stopPodSandbox(id);
    await runtime.close();
    const left = docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.namespace=${unique}`).trim();
    if (left !== '') docker('rm', '-f', ...left.split('\n'));
    docker('rmi', '-f', image, pauseImage);
    await removeBridgeRules(bridge);
    try {
        execFileSync('ip', ['link', 'del', bridge], { stdio: 'ignore' });
    } catch {
        // No pod with a network was made.
    }
    rmSync(root, { recursive: true, force: true });
}, timeoutMs);

describe('the Docker runtime', () => {
    it('makes the pause image, runs a pod with network, and takes it down without a trace', async () => {
        const { sandboxId, id } = await start('net', 'sleep 1000');
        const [ip] = await runtime.podSandboxIPs(sandboxId);
        expect(ip).toMatch(/^10\.213\.77\.\d+$/);
        expect(await exec(id, 'ip -4 -o addr show eth0; ip -o link show lo')).toMatch(/10\.213\.77[^]*UP/);
        expect(await exec(id, 'hostname; echo $GREETING')).toBe('net\nhello');
        expect(docker('inspect', '-f', '{{.Name}}', sandboxId).trim()).toBe(
            `/k8s_POD_net_${unique}_${unique}-net_0`,
        );
        const sandbox = (await runtime.listPodSandboxes()).find((one) => one.id === sandboxId);
        expect(sandbox).toMatchObject({
            state: 'ready',
            network: 'POD',
            attempt: 0,
            annotations: { note: 'x' },
            pod: { name: 'net', namespace: unique },
        });
        const status = (await runtime.listContainers()).find((one) => one.id === id);
        expect(status).toMatchObject({
            name: 'main',
            sandboxId,
            state: 'running',
            image,
            annotations: { 'io.kubernetes.container.hash': 'abc' },
        });
        expect(execFileSync('iptables-save', ['-t', 'nat'], { encoding: 'utf8' })).toContain(
            `-A CNI-MASQ-${bridge} -s ${podCidr} -j MASQUERADE`,
        );
        await runtime.stopContainer(id, 0);
        expect(await exitOf(id)).toBe(137);
        const startedStop = performance.now();
        await runtime.stopPodSandbox(sandboxId);
        await runtime.stopPodSandbox(sandboxId);
        expect(performance.now() - startedStop).toBeLessThan(4000);
        expect(await runtime.podSandboxIPs(sandboxId)).toEqual([]);
        await runtime.removeContainer(id);
        await runtime.removePodSandbox(sandboxId);
        await runtime.removePodSandbox(sandboxId);
        expect(await runtime.containerStatus(id)).toBeUndefined();
    });

    it('addresses survive a restart of the kubelet, and a lost sandbox gives its address back', async () => {
        const { sandboxId } = await start('keep', 'sleep 1000');
        const before = await runtime.podSandboxIPs(sandboxId);
        expect(await network().addresses(sandboxId)).toEqual(before);
        docker('rm', '-f', sandboxId);
        const another = await openRuntime();
        await another.close();
        expect(await network().addresses(sandboxId)).toEqual([]);
    });

    it('tells start, death and removal of the right pod', async () => {
        events = [];
        const { sandboxId, id } = await start('ev', 'exit 3');
        expect(await exitOf(id)).toBe(3);
        await runtime.removeContainer(id);
        const own = (): string[] => events.filter((event) => event.id === id).map(({ type }) => type);
        await until(() => own().includes('removed'));
        expect(own()).toEqual(['started', 'died', 'removed']);
        expect(events.find((event) => event.id === sandboxId)).toMatchObject({
            isSandbox: true,
            podUid: `${unique}-ev`,
            type: 'started',
        });
    });

    it('sets cgroup limits, oom score, user, groups, capabilities and a read-only root', async () => {
        const { id } = await start('sec', 'sleep 1000', {
            sandbox: { cgroupParent: `/${unique}/pod-sec` },
            container: {
                resources: {
                    cpuShares: 204,
                    cpuQuotaUs: 20_000,
                    cpuPeriodUs: 100_000,
                    memoryLimitBytes: 33_554_432,
                    oomScoreAdj: 500,
                },
                security: {
                    user: '1234:2345',
                    supplementalGroups: [777],
                    privileged: false,
                    readOnlyRootFilesystem: true,
                    addCapabilities: [],
                    dropCapabilities: ['ALL'],
                    noNewPrivileges: true,
                },
            },
        });
        expect(await exec(id, 'id -u; id -g; id -G')).toMatch(/^1234\n2345\n2345 777$/);
        expect(await exec(id, 'touch /x 2>&1 || true')).toContain('Read-only file system');
        const status = await runtime.containerStatus(id);
        const proc = readFileSync(`/proc/${String(status?.pid)}/status`, 'utf8');
        expect(proc).toMatch(/CapEff:\t0+\n/);
        expect(proc).toMatch(/NoNewPrivs:\t1/);
        expect(readFileSync(`/proc/${String(status?.pid)}/oom_score_adj`, 'utf8').trim()).toBe('500');
        expect(readFileSync(`/proc/${String(status?.pid)}/cgroup`, 'utf8')).toContain(`/${unique}/pod-sec/`);
        const spec = JSON.parse(docker('inspect', '-f', '{{json .HostConfig}}', id)) as Record<
            string,
            unknown
        >;
        expect(spec).toMatchObject({ CpuShares: 204, CpuQuota: 20_000, Memory: 33_554_432 });
        await runtime.updateContainerResources(id, { memoryLimitBytes: 67_108_864 });
        expect(docker('inspect', '-f', '{{.HostConfig.Memory}}', id).trim()).toBe('67108864');
    });

    it('mounts resolv.conf, volumes and the termination message', async () => {
        const resolvConfPath = join(root, 'resolv.conf');
        const hostPath = join(root, 'message');
        writeFileSync(resolvConfPath, 'nameserver 10.96.0.10\n');
        writeFileSync(hostPath, '');
        const { id } = await start('vol', 'echo bye > /dev/termination-log; echo x > /data/file', {
            sandbox: { resolvConfPath },
            container: {
                command: [
                    '/bin/busybox',
                    'sh',
                    '-c',
                    'cat /etc/resolv.conf; echo bye > /dev/termination-log; cat /ro/f; touch /ro/g',
                ],
                mounts: [
                    {
                        hostPath: join(root, 'made/here'),
                        containerPath: '/ro',
                        readOnly: true,
                        propagation: 'private',
                    },
                ],
                terminationMessage: { hostPath, containerPath: '/dev/termination-log' },
            },
        });
        await exitOf(id);
        const logs = await logsOf(id);
        expect(logs.stdout).toContain('nameserver 10.96.0.10');
        expect(logs.stderr).toContain('Read-only file system');
        expect(readFileSync(hostPath, 'utf8')).toBe('bye\n');
        expect(existsSync(join(root, 'made/here'))).toBe(true);
    });

    it('containers share network and IPC; PIDs only when asked for, and orphans are reaped then', async () => {
        const sandbox = sandboxConfig('pids', { shareProcessNamespace: true });
        const sandboxId = await runtime.runPodSandbox(sandbox);
        const id = await runtime.createContainer(sandboxId, containerConfig('sleep 1000'), sandbox);
        await runtime.startContainer(id);
        expect(await exec(id, 'cat /proc/1/cmdline')).toContain('/pause');
        await exec(id, '(sleep 0.1 &) ; true');
        await delay(300);
        expect(await exec(id, 'grep -l "State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l')).toBe('0');
        await runtime.stopPodSandbox(sandboxId);
    });

    it('logs: streams, tail, since, timestamps, byte limit, follow', async () => {
        const { id } = await start(
            'log',
            'echo one; echo two >&2; echo three; sleep 0.5; echo four; sleep 1000',
        );
        await until(async () => (await logsOf(id)).stdout.includes('four'));
        expect(await logsOf(id)).toEqual({ stdout: 'one\nthree\nfour\n', stderr: 'two\n' });
        expect((await logsOf(id, { tailLines: 1 })).stdout).toBe('four\n');
        expect((await logsOf(id, { limitBytes: 5 })).stdout.length).toBeLessThanOrEqual(5);
        expect((await logsOf(id, { timestamps: true })).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/);
        expect((await logsOf(id, { sinceMs: Date.now() + 60_000 })).stdout).toBe('');
        const controller = new AbortController();
        const following = logsOf(id, { follow: true, signal: controller.signal });
        await delay(200);
        controller.abort();
        expect((await following).stdout).toBe('one\nthree\nfour\n');
    });

    it('a followed log ends with its container', async () => {
        const { id } = await start('logend', 'sleep 0.5; echo done');
        expect((await logsOf(id, { follow: true })).stdout).toBe('done\n');
    });

    it('execSync: exact exit codes, both streams, bounded output, and a timeout that kills', async () => {
        const { id } = await start('exec', 'sleep 1000');
        const sh = (script: string, options = {}) =>
            runtime.execSync(id, ['/bin/busybox', 'sh', '-c', script], { timeoutMs: 10_000, ...options });
        const result = await sh('echo out; echo err >&2; exit 42');
        expect(result).toMatchObject({ exitCode: 42, timedOut: false });
        expect([result.stdout.toString(), result.stderr.toString()]).toEqual(['out\n', 'err\n']);
        expect((await sh('yes | head -c 100000')).stdout.length).toBe(10 * 1024);
        const began = performance.now();
        expect(await sh('sleep 777', { timeoutMs: 300 })).toMatchObject({ timedOut: true });
        expect(performance.now() - began).toBeLessThan(5000);
        expect(await exec(id, 'ps | grep -c "[s]leep 777" || true')).toBe('0');
        const missing = runtime.execSync(id, ['/no/such'], { timeoutMs: 5000 });
        expect((await missing).exitCode).toBe(126);
    });

    it('exec: stdin until its end, exit code after it; tty with a size', async () => {
        const { id } = await start('stdin', 'sleep 1000');
        const [stdin, stdout] = [new PassThrough(), new PassThrough()];
        const code = runtime.exec(id, ['/bin/busybox', 'sh', '-c', 'cat; exit 7'], {
            tty: false,
            stdin,
            stdout,
        });
        stdin.end('through the pipe');
        expect(await code).toBe(7);
        stdout.end();
        expect(await text(stdout)).toBe('through the pipe');
        const terminal = new PassThrough();
        const sized = runtime.exec(id, ['/bin/busybox', 'sh', '-c', 'sleep 0.5; stty size'], {
            tty: true,
            stdin: new PassThrough(),
            stdout: terminal,
            onResize: (listener) => setTimeout(listener, 100, { width: 101, height: 33 }),
        });
        expect(await sized).toBe(0);
        terminal.end();
        expect(await text(terminal)).toContain('33 101');
    });

    it("attach gives input to the container's own process", async () => {
        const { id } = await start('attach', 'read line; echo got $line', {
            container: { stdin: true, stdinOnce: true },
        });
        const [stdin, stdout] = [new PassThrough(), new PassThrough()];
        const attached = runtime.attach(id, { tty: false, stdin, stdout });
        stdin.write('water\n');
        await attached;
        stdout.end();
        expect(await text(stdout)).toContain('got water');
    });

    it('port-forward reaches a server that only listens on 127.0.0.1, and says when nobody listens', async () => {
        const { sandboxId, id } = await start(
            'fwd',
            'mkdir /www; echo pong > /www/ping; exec httpd -f -p 127.0.0.1:7007 -h /www',
        );
        await until(async () => (await exec(id, 'netstat -ltn')).includes(':7007'));
        const connection = await runtime.portForward(sandboxId, 7007);
        connection.end('GET /ping HTTP/1.0\r\n\r\n');
        expect(await text(connection)).toMatch(/^HTTP\/1\.[01] 200 OK[^]*pong\n$/);
        await expect(runtime.portForward(sandboxId, 7008)).rejects.toThrow(
            /dial tcp4 127\.0\.0\.1:7008: connect: connection refused/,
        );
    });

    it('stats come from the cgroups; the sandbox carries the network', async () => {
        const { sandboxId, id } = await start('stats', 'sleep 1000');
        const stats = await runtime.stats();
        const own = stats.find(({ containerId }) => containerId === id);
        expect(own?.cpuUsageNanos).toBeGreaterThan(0);
        expect(own?.memoryUsageBytes).toBeGreaterThan(0);
        const pause = stats.find(({ containerId }) => containerId === sandboxId);
        expect(pause).toMatchObject({ name: 'POD' });
        expect(pause?.network).toBeDefined();
    });

    it('names what is wrong: missing image, bad name, bad command, foreign architecture', async () => {
        const sandbox = sandboxConfig('wrong');
        const sandboxId = await runtime.runPodSandbox(sandbox);
        const create = (overrides: Partial<ContainerConfig>) =>
            runtime.createContainer(sandboxId, containerConfig('true', overrides), sandbox);
        await expect(create({ image: `${unique}/none:1` })).rejects.toMatchObject({
            reason: 'imageNotFound',
        });
        await expect(create({ image: 'Bad/Name' })).rejects.toMatchObject({ reason: 'invalidImageName' });
        const id = await create({ command: ['/no/such/program'] });
        await expect(runtime.startContainer(id)).rejects.toMatchObject({
            reason: 'startContainer',
            message: expect.stringMatching(
                /Error response from daemon: .*no such file or directory/,
            ) as unknown as string,
        });
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 127 });
        const foreign = `${unique}/foreign:1`;
        // Same length, so that the archive stays valid.
        const archive = pauseImageArchive(foreign, 'amd64').toString('latin1').replace('amd64', 's390x');
        execFileSync('docker', ['load'], { input: Buffer.from(archive, 'latin1') });
        try {
            await expect(create({ name: 'other', image: foreign })).rejects.toThrow(
                /made for s390x, but this node is/,
            );
        } finally {
            docker('rmi', '-f', foreign);
        }
        expect(await runtime.imageStatus(`${unique}/none:1`)).toBeUndefined();
        expect((await runtime.listImages()).some(({ repoTags }) => repoTags.includes(image))).toBe(true);
        await expect(runtime.pullImage('127.0.0.1:9/none:1', [])).rejects.toMatchObject({
            reason: 'imagePull',
        });
    });

    it('a dead container that has the name is replaced', async () => {
        const sandbox = sandboxConfig('conflict');
        const sandboxId = await runtime.runPodSandbox(sandbox);
        const first = await runtime.createContainer(sandboxId, containerConfig('true'), sandbox);
        const second = await runtime.createContainer(sandboxId, containerConfig('true'), sandbox);
        expect(second).not.toBe(first);
        expect(await runtime.containerStatus(first)).toBeUndefined();
    });

    it("host network: the node's addresses, and no network of its own", async () => {
        const { sandboxId, id } = await start('host', 'sleep 1000', { sandbox: { hostNetwork: true } });
        expect(await runtime.podSandboxIPs(sandboxId)).toEqual([]);
        expect(await exec(id, 'ls /sys/class/net')).toContain(bridge);
    });

    it('after a gap in the event stream tells exactly what changed meanwhile', async () => {
        const socketPath = join(root, 'daemon.sock');
        let open = true;
        const sockets = new Set<Socket>();
        const gate = createServer((near) => {
            const far = connect('/var/run/docker.sock');
            for (const socket of [near, far]) {
                sockets.add(socket);
                socket.on('error', () => undefined);
            }
            if (!open) near.destroy();
            near.pipe(far).pipe(near);
        });
        await new Promise<void>((resolve) => gate.listen(socketPath, resolve));
        const watched = await createDockerRuntime({
            logger: silentLogger(),
            network: network(),
            rootDirectory: root,
            pauseImage,
            socketPath,
        });
        try {
            const stays = await start('gap-stays', 'sleep 1000');
            const dies = await start('gap-dies', 'sleep 1000');
            await until(async () => (await watched.containerStatus(dies.id))?.state === 'running');
            open = false;
            for (const socket of sockets) socket.destroy();
            const seen: RuntimeEvent[] = [];
            watched.onEvent((event) => seen.push(event));
            docker('kill', dies.id);
            open = true;
            await until(() => seen.some(({ id }) => id === dies.id));
            expect(seen.filter(({ id }) => id === dies.id).map(({ type }) => type)).toEqual(['died']);
            expect(seen.filter(({ id }) => id === stays.id)).toEqual([]);
            expect((await watched.listContainers()).find(({ id }) => id === dies.id)?.state).toBe('exited');
        } finally {
            await watched.close();
            for (const socket of sockets) socket.destroy();
            gate.close();
        }
    });
});
