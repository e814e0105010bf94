import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hyperkubeBinary } from '../../harness/cluster.ts';
import { freePort } from '../../harness/free-ports.ts';
import { etcdctl, untilHealthy, type Outcome } from './servers.ts';

const logCharsMax = 20_000;

type Scheme = 'http' | 'https';

/** One `hyperkube etcd`; `start` and `kill` as often as one likes. */
export class MemberProcess {
    readonly name: string;
    readonly url: string;
    readonly peerUrl: string;
    readonly directory: string;
    #child: ChildProcess | undefined;
    #log = '';

    private constructor(
        name: string,
        directory: string,
        [scheme, client, peer]: readonly [Scheme, number, number],
    ) {
        this.name = name;
        this.directory = join(directory, name);
        this.url = `${scheme}://127.0.0.1:${client}`;
        this.peerUrl = `${scheme}://127.0.0.1:${peer}`;
    }

    static async prepare(name: string, directory: string, scheme: Scheme): Promise<MemberProcess> {
        const [client, peer] = await Promise.all([freePort(), freePort()]);
        return new MemberProcess(name, directory, [scheme, client, peer]);
    }

    start(args: readonly string[]): void {
        const child = spawn(process.execPath, [
            ...[hyperkubeBinary, 'etcd', '--name', this.name, '--data-dir', this.directory],
            ...['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
            ...['--listen-peer-urls', this.peerUrl, '--initial-advertise-peer-urls', this.peerUrl],
            ...args,
        ]);
        child.stderr.on('data', (chunk: Buffer) => {
            this.#log = (this.#log + chunk.toString()).slice(-logCharsMax);
        });
        this.#child = child;
    }

    /** The end of what it has logged, since its first start. */
    get log(): string {
        return this.#log;
    }

    /** Resolves once the member has a leader; over http. */
    async healthy(): Promise<void> {
        try {
            await untilHealthy(this.url, this.#child);
        } catch (error) {
            throw new Error(`${this.name}: ${this.#log}`, { cause: error });
        }
    }

    /** Resolves with the exit code of a process that ends by itself. */
    async ended(): Promise<number | null> {
        const child = this.#child;
        if (child === undefined) return null;
        if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
        return child.exitCode;
    }

    async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
        const child = this.#child;
        this.#child = undefined;
        if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill(signal);
        await exited;
    }

    async ctl(...args: string[]): Promise<Outcome> {
        return await etcdctl(this, args);
    }
}

/** Members under one temporary directory. */
export class MemberProcesses {
    readonly directory = mkdtempSync(join(tmpdir(), 'etcd-members-'));
    readonly #members: MemberProcess[] = [];

    async prepare(name: string, scheme: Scheme = 'http'): Promise<MemberProcess> {
        const member = await MemberProcess.prepare(name, this.directory, scheme);
        this.#members.push(member);
        return member;
    }

    async stop(): Promise<void> {
        await Promise.all(this.#members.map(async (member) => await member.kill()));
        rmSync(this.directory, { recursive: true, force: true });
    }
}
