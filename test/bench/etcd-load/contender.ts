import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../../../src/pki/authority.ts';
import { freePorts } from '../../harness/free-ports.ts';
import { type Usage, usageOf } from '../process-usage.ts';

const startTimeoutMs = 30_000;
const logBytesMax = 2_000;
const hourMs = 3_600_000;

/** A cluster under load: ours or etcd, started with the same flags, on the disk of /var/tmp. */
export class Contender {
    readonly name: string;
    readonly ports: readonly number[];
    readonly #directory: string;
    readonly #processes: readonly ChildProcess[];

    private constructor(parts: {
        name: string;
        ports: readonly number[];
        directory: string;
        processes: readonly ChildProcess[];
    }) {
        this.name = parts.name;
        this.ports = parts.ports;
        this.#directory = parts.directory;
        this.#processes = parts.processes;
    }

    static async start(name: string, command: readonly string[], members: number): Promise<Contender> {
        const directory = await mkdtemp('/var/tmp/hyperkube-etcd-bench-');
        const ports = await freePorts(members * 2);
        const peerFlags = members > 1 ? await peerTls(directory) : [];
        const scheme = members > 1 ? 'https' : 'http';
        const peer = (i: number): string => `${scheme}://127.0.0.1:${ports[members + i] ?? 0}`;
        const names = Array.from({ length: members }, (_, i) => `m${i}`);
        const log = { last: '' };
        const processes = names.map((member, i) => {
            const client = `http://127.0.0.1:${ports[i] ?? 0}`;
            const flags = [
                `--name=${member}`,
                `--data-dir=${join(directory, member)}`,
                `--listen-client-urls=${client}`,
                `--advertise-client-urls=${client}`,
                `--listen-peer-urls=${peer(i)}`,
                `--initial-advertise-peer-urls=${peer(i)}`,
                `--initial-cluster=${names.map((each, k) => `${each}=${peer(k)}`).join(',')}`,
                '--log-level=error',
                ...(name === 'etcd' ? ['--logger=zap'] : []),
                ...peerFlags,
            ];
            const [program = '', ...first] = command;
            const process = spawn(program, [...first, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
            process.stderr.on('data', (chunk: Buffer) => {
                log.last = `${log.last}${chunk.toString()}`.slice(-logBytesMax);
            });
            return process;
        });
        const contender = new Contender({ name, ports: ports.slice(0, members), directory, processes });
        try {
            await Promise.all(contender.ports.map(async (port) => await listening(port)));
            return contender;
        } catch (error) {
            await contender.stop();
            throw new Error(`${name} does not start: ${log.last}`, { cause: error });
        }
    }

    /** Of all members together, since their start. */
    usage(): Pick<Usage, 'rssBytes' | 'cpuMs'> {
        const sum = { rssBytes: 0, cpuMs: 0 };
        for (const { pid } of this.#processes) {
            if (pid === undefined) continue;
            const { rssBytes, cpuMs } = usageOf(pid);
            sum.rssBytes += rssBytes;
            sum.cpuMs += cpuMs;
        }
        return sum;
    }

    async stop(): Promise<void> {
        await Promise.all(
            this.#processes.map(async (process) => {
                if (process.exitCode !== null || process.signalCode !== null) return;
                const exited = once(process, 'exit');
                process.kill('SIGKILL');
                await exited;
            }),
        );
        await rm(this.#directory, { recursive: true, force: true });
    }
}

/** Both speak TLS with each other: ours speaks nothing else. */
async function peerTls(directory: string): Promise<string[]> {
    const validity = {
        notBefore: new Date(Date.now() - hourMs),
        notAfter: new Date(Date.now() + 24 * hourMs),
    };
    const authority = await createAuthority('etcd-peers', validity);
    const { cert, key } = await issueCertificate(authority, {
        commonName: 'member',
        usages: ['server', 'client'],
        ipAddresses: ['127.0.0.1'],
        validity,
    });
    const files = { ca: authority.cert, cert, key };
    for (const [name, content] of Object.entries(files))
        await writeFile(join(directory, name), content, { mode: 0o600 });
    return [
        `--peer-trusted-ca-file=${join(directory, 'ca')}`,
        `--peer-cert-file=${join(directory, 'cert')}`,
        `--peer-key-file=${join(directory, 'key')}`,
        '--peer-client-cert-auth',
    ];
}

async function listening(port: number): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
        const isOpen = await new Promise<boolean>((resolve) => {
            const socket = connect(port, '127.0.0.1');
            socket.once('connect', () => {
                socket.destroy();
                resolve(true);
            });
            socket.once('error', () => {
                resolve(false);
            });
        });
        if (isOpen) return;
        if (Date.now() > deadline) throw new Error(`nobody listens on port ${port}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
