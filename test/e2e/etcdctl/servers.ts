import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcdServer } from '../../../src/store/etcd/server/start-etcd-server.ts';
import { openMember } from '../../../src/store/member.ts';
import { openPeerTransport } from '../../../src/store/transport/open-peer-transport.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { freePort } from '../../harness/free-ports.ts';

/** A server that etcdctl is pointed at. */
export interface EtcdUnderTest {
    readonly name: string;
    readonly url: string;
    readonly directory: string;
    stop(): Promise<void>;
}

/** The real etcd, in a process of its own. */
export async function startRealEtcd(): Promise<EtcdUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'etcd-real-'));
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const child = spawn('etcd', [
        ...['--name', 'default', '--data-dir', join(directory, 'data')],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `default=${peerUrl}`, '--log-level', 'error'],
    ]);
    await untilHealthy(url, child);
    return { name: 'etcd', url, directory, stop: async () => await stop(child, directory) };
}

/** Ours, in this process. */
export async function startOurs(): Promise<EtcdUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'etcd-ours-'));
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const logger = silentLogger();
    const member = await openMember({
        directory: join(directory, 'data'),
        name: 'default',
        logger,
        peerUrls: [peerUrl],
        clientUrls: [url],
        initialClusterToken: 'etcd-cluster',
        transport: openPeerTransport({ listenUrls: [peerUrl], organization: 'none', logger }),
    });
    const server = await startEtcdServer({ ...member, listenClientUrls: [url], logger });
    await untilHealthy(url, undefined);
    return {
        name: 'hyperkube etcd',
        url,
        directory,
        stop: async () => {
            await server.stop();
            await member.close();
            rmSync(directory, { recursive: true, force: true });
        },
    };
}

/** An etcd that starts from restored data. */
export async function startRestored(directory: string, peerUrl: string): Promise<EtcdUnderTest> {
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${client}`;
    const child = spawn('etcd', [
        ...['--data-dir', directory, '--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', `http://127.0.0.1:${peer}`, '--initial-advertise-peer-urls', peerUrl],
        ...['--log-level', 'error'],
    ]);
    await untilHealthy(url, child);
    return { name: 'restored', url, directory, stop: async () => await stop(child, directory) };
}

export interface Outcome {
    code: number;
    stdout: string;
    /** The error that etcdctl ended with, without its log. */
    error: string;
}

/** Runs etcdctl. `until`: end it once its output matches, for commands that go on for ever. */
export async function etcdctl(
    { url }: Pick<EtcdUnderTest, 'url'>,
    args: readonly string[],
    { input, until }: { input?: string | undefined; until?: RegExp | undefined } = {},
): Promise<Outcome> {
    const env = { ...process.env, ETCDCTL_API: '3' };
    return await new Promise((resolve) => {
        const options = { env, timeout: 20_000, maxBuffer: 64 * 1024 * 1024 };
        const child = execFile('etcdctl', ['--endpoints', url, ...args], options, (error, stdout, stderr) => {
            const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
            resolve({ code: ended ? 0 : code, stdout, error: ended ? '' : errorOf(stderr) });
        });
        let ended = false;
        let seen = '';
        child.stdout?.on('data', (chunk: string) => {
            seen += chunk;
            if (until?.test(seen) !== true || ended) return;
            ended = true;
            child.kill('SIGINT');
        });
        // A command that has ended before it read its input is no failure.
        child.stdin?.on('error', () => undefined).end(input ?? '');
    });
}

function errorOf(stderr: string): string {
    return stderr
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{"level"'))
        .join('\n');
}

async function stop(child: ChildProcess, directory: string): Promise<void> {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    if (child.exitCode === null) await exited;
    rmSync(directory, { recursive: true, force: true });
}

const healthyTimeoutMs = 20_000;

export async function untilHealthy(url: string, child: ChildProcess | undefined): Promise<void> {
    const deadline = Date.now() + healthyTimeoutMs;
    for (;;) {
        const response = await fetch(`${url}/health`).catch(() => undefined);
        const text = (await response?.text()) ?? '';
        if (text.includes('"health":"true"')) return;
        if (Date.now() > deadline || (child !== undefined && child.exitCode !== null)) {
            throw new Error(`the server at ${url} does not become healthy: ${text}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
