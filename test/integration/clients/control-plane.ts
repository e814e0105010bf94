import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultKubectl, expectSuccess, hyperkubeBinary } from '../../harness/cluster.ts';
import { freePorts } from '../../harness/free-ports.ts';
import { endProcess, runProgram, type CommandResult, type RunOptions } from '../../harness/processes.ts';
import { eventually } from '../support/api-server.ts';

const startTimeoutMs = 30_000;

/**
 * API server and controllers as they ship, in a process of their own on loopback: what a client meets that knows
 * nothing of this project. There is no node; what a kubelet would say, a test says in its place.
 */
export class ControlPlane {
    /** Scratch directory, removed by `close`. */
    readonly directory: string;
    readonly url: string;
    readonly kubectlBinary = defaultKubectl();
    readonly #port: number;
    readonly #args: readonly string[];
    #process: ChildProcess | undefined;

    private constructor(port: number, args: readonly string[]) {
        this.directory = mkdtempSync(join(tmpdir(), 'hyperkube-clients-'));
        this.#port = port;
        this.#args = args;
        this.url = `https://127.0.0.1:${port}`;
    }

    static async start(...args: string[]): Promise<ControlPlane> {
        const [port = 0, peerPort = 0] = await freePorts(2);
        const plane = new ControlPlane(port, [
            ...['--listen-peer-urls', `https://127.0.0.1:${peerPort}`, '--listen-client-urls', ''],
            ...args,
        ]);
        try {
            await plane.start();
            return plane;
        } catch (error) {
            const log = plane.log().slice(-4000);
            await plane.close();
            throw new Error(`the control plane did not come up:\n${log}`, { cause: error });
        }
    }

    get kubeconfig(): string {
        return join(this.directory, 'kubernetes', 'admin.conf');
    }

    get environment(): Record<string, string> {
        return { KUBECONFIG: this.kubeconfig, HOME: this.directory };
    }

    log(): string {
        const file = join(this.directory, 'hyperkube.log');
        return existsSync(file) ? readFileSync(file, 'utf8') : '';
    }

    /** Starts the process, again after `stop`, on the same port and data; resolves when it is ready. */
    async start(): Promise<void> {
        const at = (name: string): string => join(this.directory, name);
        const log = openSync(at('hyperkube.log'), 'a');
        const child = spawn(
            process.execPath,
            [
                ...[hyperkubeBinary, 'server', '--disable', 'kubelet,proxy,scheduler', '--node-name', 'here'],
                ...['--data-dir', at('data'), '--config-dir', at('kubernetes'), '--node-ip', '127.0.0.1'],
                ...['--bind-address', '127.0.0.1', '--secure-port', String(this.#port), ...this.#args],
            ],
            { stdio: ['ignore', log, log] },
        );
        closeSync(log);
        this.#process = child;
        await eventually(
            'the control plane is ready',
            async () => {
                if (child.exitCode !== null) throw new Error('hyperkube ended');
                return existsSync(this.kubeconfig) && (await this.kubectl('get --raw /readyz')).code === 0;
            },
            startTimeoutMs,
        );
    }

    async stop(): Promise<void> {
        if (this.#process !== undefined) await endProcess(this.#process);
        this.#process = undefined;
    }

    async close(): Promise<void> {
        await this.stop();
        rmSync(this.directory, { recursive: true, force: true });
    }

    /** Runs a client's program with the administrator's kubeconfig; never rejects for an exit code. */
    async run(file: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
        return await runProgram(file, args, { ...options, env: { ...this.environment, ...options.env } });
    }

    /** Runs kubectl; a string is split at spaces. */
    async kubectl(command: string | readonly string[], options: RunOptions = {}): Promise<CommandResult> {
        const args = typeof command === 'string' ? command.split(' ') : command;
        return await this.run(this.kubectlBinary, args, options);
    }

    /** What a kubectl command prints that must succeed. */
    async ok(command: string | readonly string[], options: RunOptions = {}): Promise<string> {
        return expectSuccess(await this.kubectl(command, options), `kubectl ${String(command)}`);
    }
}
