import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultKubectl, hyperkubeBinary } from './cluster.ts';
import { ip } from './ip.ts';
import { eventually } from './machine.ts';
import { endProcess, killProcess, runProgram, type CommandResult } from './processes.ts';

let networkCount = 0;

/**
 * Masters in network namespaces of their own, each with one cable into a common switch that can be pulled.
 * No kubelets and no Docker: what is tested is the control plane.
 */
export class Masters {
    readonly directory: string;
    readonly #name: string;
    readonly #masters: Master[] = [];

    private constructor(name: string, directory: string) {
        this.#name = name;
        this.directory = directory;
    }

    static create(): Masters {
        const name = `hkm${process.pid}-${networkCount++}`;
        ip('netns', 'add', name);
        ip('-n', name, 'link', 'add', 'switch', 'type', 'bridge');
        ip('-n', name, 'link', 'set', 'switch', 'up');
        return new Masters(name, mkdtempSync(join('/var/tmp', `${name}-`)));
    }

    get all(): readonly Master[] {
        return this.#masters;
    }

    /** A new machine on the switch; nothing runs on it yet. */
    add(): Master {
        const number = this.#masters.length + 1;
        const master = new Master({ network: this.#name, directory: this.directory, number });
        this.#masters.push(master);
        return master;
    }

    async close(): Promise<void> {
        await Promise.all(
            this.#masters.map(async (master) => {
                await master.close();
            }),
        );
        ip('netns', 'del', this.#name);
        rmSync(this.directory, { recursive: true, force: true });
    }
}

/** One master: a namespace, a directory, and the `hyperkube server` that runs in it. */
export class Master {
    readonly name: string;
    readonly ip: string;
    readonly directory: string;
    readonly #network: string;
    readonly #namespace: string;
    #process: ChildProcess | undefined;
    #children = new Set<ChildProcess>();

    constructor({ network, directory, number }: { network: string; directory: string; number: number }) {
        this.name = `master-${number}`;
        this.ip = `10.214.0.${10 + number}`;
        this.#network = network;
        this.#namespace = `${network}m${number}`;
        this.directory = join(directory, this.name);
        mkdirSync(this.directory);
        const namespace = this.#namespace;
        ip('netns', 'add', namespace);
        ip('-n', namespace, 'link', 'set', 'lo', 'up');
        const cable = ['type', 'veth', 'peer', 'name', this.#port, 'netns', network];
        ip('-n', namespace, 'link', 'add', 'eth0', ...cable);
        ip('-n', network, 'link', 'set', this.#port, 'master', 'switch', 'up');
        ip('-n', namespace, 'addr', 'add', `${this.ip}/24`, 'dev', 'eth0');
        ip('-n', namespace, 'link', 'set', 'eth0', 'up');
        ip('-n', namespace, 'route', 'add', 'default', 'via', '10.214.0.1', 'onlink', 'dev', 'eth0');
    }

    get #port(): string {
        return this.name;
    }

    get kubeconfig(): string {
        return join(this.directory, 'kubernetes', 'admin.conf');
    }

    get pid(): number | undefined {
        return this.#process?.pid;
    }

    get running(): boolean {
        return this.#process?.exitCode === null && this.#process.signalCode === null;
    }

    log(): string {
        const file = join(this.directory, 'hyperkube.log');
        return existsSync(file) ? readFileSync(file, 'utf8') : '';
    }

    /** Starts `hyperkube server` without kubelet and proxy; resolves when its API is ready. */
    async start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<void> {
        this.spawnServer(args, env);
        await this.ready();
    }

    /** Starts it and does not wait. */
    spawnServer(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): void {
        const at = (name: string): string => join(this.directory, name);
        const own = ['--data-dir', at('data'), '--config-dir', at('kubernetes'), '--node-ip', this.ip];
        const command = [hyperkubeBinary, 'server', ...own, '--node-name', this.name];
        this.#process = this.spawn(
            process.execPath,
            [...command, '--disable', 'kubelet,proxy', ...args],
            at('hyperkube.log'),
            env,
        );
    }

    async ready(timeoutMs = 60_000): Promise<void> {
        await eventually(
            `${this.name} is ready`,
            async () => {
                if (!this.running) throw new Error(`it has ended: ${this.log().slice(-2_000)}`);
                return (await this.kubectl('get --raw /readyz')).code === 0;
            },
            timeoutMs,
        );
    }

    async stop(): Promise<void> {
        if (this.#process !== undefined) await endProcess(this.#process);
    }

    async kill(): Promise<void> {
        if (this.#process !== undefined) await killProcess(this.#process);
    }

    signal(signal: NodeJS.Signals): void {
        this.#process?.kill(signal);
    }

    /** Pulls the cable out of the switch, or puts it in again. */
    setCable(state: 'in' | 'out'): void {
        ip('-n', this.#network, 'link', 'set', this.#port, state === 'in' ? 'up' : 'down');
    }

    /** Removes everything that this master has stored, as a new card would. */
    wipe(): void {
        for (const name of ['data', 'kubernetes']) {
            rmSync(join(this.directory, name), { recursive: true, force: true });
        }
    }

    /** Runs kubectl on this master, against its own API server. */
    async kubectl(command: string | readonly string[], input?: string): Promise<CommandResult> {
        const args = typeof command === 'string' ? command.split(' ') : command;
        return await this.run(defaultKubectl(), ['--request-timeout=10s', ...args], input);
    }

    async ok(command: string | readonly string[], input?: string): Promise<string> {
        const result = await this.kubectl(command, input);
        if (result.code !== 0) throw new Error(`kubectl ${String(command)}: ${result.stderr}`);
        return result.stdout;
    }

    async hyperkube(...args: readonly string[]): Promise<CommandResult> {
        return await this.run(process.execPath, [hyperkubeBinary, ...args]);
    }

    async run(file: string, args: readonly string[], input?: string): Promise<CommandResult> {
        return await runProgram('nsenter', [`--net=/run/netns/${this.#namespace}`, file, ...args], {
            env: { KUBECONFIG: this.kubeconfig, HOME: this.directory },
            ...(input === undefined ? {} : { input }),
        });
    }

    /** A long-running program in this master's network. */
    spawn(
        file: string,
        args: readonly string[],
        logFile: string,
        env: Readonly<Record<string, string>> = {},
    ): ChildProcess {
        const log = openSync(logFile, 'a');
        const child = spawn('nsenter', [`--net=/run/netns/${this.#namespace}`, file, ...args], {
            stdio: ['pipe', log, log],
            env: { ...process.env, KUBECONFIG: this.kubeconfig, ...env },
        });
        closeSync(log);
        this.#children.add(child);
        child.on('exit', () => this.#children.delete(child));
        return child;
    }

    async close(): Promise<void> {
        for (const child of this.#children) child.kill('SIGCONT');
        await Promise.all(
            [...this.#children].map(async (child) => {
                await endProcess(child);
            }),
        );
        ip('netns', 'del', this.#namespace);
    }
}
