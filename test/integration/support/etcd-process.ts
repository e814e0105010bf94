import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../harness/free-ports.ts';

export interface EtcdProcessOptions {
    /** Files for TLS on the client port, client certificates required. */
    tls?: { ca: string; cert: string; key: string };
    /** Members of the cluster; 1 by default. */
    members?: number;
    flags?: readonly string[];
}

const startTimeoutMs = 30_000;

/** A real etcd, one process a member, on loopback and a temporary directory. */
export class EtcdProcess {
    readonly endpoints: readonly string[];
    readonly #arguments: readonly (readonly string[])[];
    readonly #directory: string;
    readonly #processes: (ChildProcess | undefined)[] = [];

    private constructor(parts: {
        endpoints: readonly string[];
        arguments: readonly (readonly string[])[];
        directory: string;
    }) {
        this.endpoints = parts.endpoints;
        this.#arguments = parts.arguments;
        this.#directory = parts.directory;
    }

    static async start(options: EtcdProcessOptions = {}): Promise<EtcdProcess> {
        const { members = 1 } = options;
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-etcd-'));
        const ports = await freePorts(members * 2);
        const scheme = options.tls === undefined ? 'http' : 'https';
        const names = Array.from({ length: members }, (_, i) => `m${i}`);
        const peerUrl = (i: number): string => `http://127.0.0.1:${ports[members + i] ?? 0}`;
        const endpoints = names.map((_, i) => `${scheme}://127.0.0.1:${ports[i] ?? 0}`);
        const cluster = names.map((name, i) => `${name}=${peerUrl(i)}`).join(',');
        const lists = names.map((name, i) => [
            `--name=${name}`,
            `--data-dir=${join(directory, name)}`,
            `--listen-client-urls=${endpoints[i] ?? ''}`,
            `--advertise-client-urls=${endpoints[i] ?? ''}`,
            `--listen-peer-urls=${peerUrl(i)}`,
            `--initial-advertise-peer-urls=${peerUrl(i)}`,
            `--initial-cluster=${cluster}`,
            '--heartbeat-interval=50',
            '--election-timeout=500',
            '--logger=zap',
            '--log-level=error',
            ...tlsFlags(options.tls),
            ...(options.flags ?? []),
        ]);
        const etcd = new EtcdProcess({ endpoints, arguments: lists, directory });
        await Promise.all(names.map(async (_, i) => await etcd.startMember(i)));
        return etcd;
    }

    pid(member = 0): number {
        const pid = this.#processes[member]?.pid;
        if (pid === undefined) throw new Error('etcd is not running');
        return pid;
    }

    /** Resolves when the member serves clients. */
    async startMember(member: number): Promise<void> {
        const child = spawn('etcd', [...(this.#arguments[member] ?? [])], {
            stdio: ['ignore', 'ignore', 'pipe'],
        });
        this.#processes[member] = child;
        let log = '';
        child.stderr.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-2000)));
        const deadline = Date.now() + startTimeoutMs;
        const port = Number(new URL(this.endpoints[member] ?? '').port);
        while (!(await accepts(port))) {
            if (child.exitCode !== null || Date.now() > deadline)
                throw new Error(`etcd does not start: ${log}`);
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }

    async stopMember(member: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
        const child = this.#processes[member];
        this.#processes[member] = undefined;
        if (child === undefined || child.exitCode !== null) return;
        const exited = once(child, 'exit');
        child.kill(signal);
        await exited;
    }

    async stop(): Promise<void> {
        await Promise.all(this.endpoints.map(async (_, i) => await this.stopMember(i)));
        await rm(this.#directory, { recursive: true, force: true });
    }
}

function tlsFlags(tls: EtcdProcessOptions['tls']): string[] {
    if (tls === undefined) return [];
    return [
        `--cert-file=${tls.cert}`,
        `--key-file=${tls.key}`,
        `--trusted-ca-file=${tls.ca}`,
        '--client-cert-auth',
    ];
}

async function accepts(port: number): Promise<boolean> {
    return await new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => {
            socket.destroy();
            resolve(true);
        });
        socket.once('error', () => {
            resolve(false);
        });
    });
}
