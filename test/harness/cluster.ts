import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Conversation } from './conversation.ts';
import { eventually, Machine } from './machine.ts';
import { endProcess, killProcess, type CommandResult, type RunOptions } from './processes.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Another build can be tested through the environment. */
export const hyperkubeBinary = process.env['HYPERKUBE_BINARY'] ?? join(root, 'dist', 'hyperkube.js');

export interface ClusterOptions {
    /** The API server alone, for tests that start the other components themselves; `nodeless` goes with it. */
    command?: 'server' | 'apiserver';
    args?: readonly string[];
    machine?: Machine;
    /** Wait for the API server only: there is no kubelet. */
    nodeless?: boolean;
}

/** A running all-in-one hyperkube on a machine of its own, and a kubectl for it. */
export class Cluster {
    readonly machine: Machine;
    readonly kubeconfig: string;
    readonly #command: 'server' | 'apiserver';
    readonly #extraArgs: readonly string[];
    #isReady: () => Promise<boolean> = async () =>
        /\bReady\b/.test((await this.kubectl('get nodes --no-headers')).stdout);
    #process: ChildProcess | undefined;

    private constructor(machine: Machine, { command = 'server', args = [] }: ClusterOptions) {
        this.machine = machine;
        this.#command = command;
        this.#extraArgs = args;
        this.kubeconfig = join(machine.directory, 'kubernetes', 'admin.conf');
    }

    /** A cluster whose node is Ready and whose Docker has the images `hyperkube/hello:1` and `busybox:local`. */
    static async create(options: ClusterOptions = {}): Promise<Cluster> {
        const machine = options.machine ?? (await Machine.create());
        const cluster = new Cluster(machine, options);
        if (options.nodeless)
            cluster.#isReady = async () => (await cluster.kubectl('get --raw /readyz')).code === 0;
        try {
            for (const errand of [['hello-image'], ['import-busybox', 'busybox:local']])
                expectSuccess(await machine.run('node', [join(root, 'scripts/lib/docker.mjs'), ...errand]));
            await cluster.start();
            return cluster;
        } catch (error) {
            const log = cluster.log().slice(-4000);
            await machine.close();
            throw new Error(`the cluster did not come up:\n${log}`, { cause: error });
        }
    }

    get pid(): number | undefined {
        return this.#process?.pid;
    }

    get running(): boolean {
        return (
            this.#process !== undefined &&
            this.#process.exitCode === null &&
            this.#process.signalCode === null
        );
    }

    /** What hyperkube has logged so far. */
    log(): string {
        const file = join(this.machine.directory, 'hyperkube.log');
        return existsSync(file) ? readFileSync(file, 'utf8') : '';
    }

    async start(): Promise<void> {
        const { directory, dockerHost, ip } = this.machine;
        const args = ['--data-dir', join(directory, 'data'), '--config-dir', join(directory, 'kubernetes')];
        args.push('--node-ip', ip);
        if (this.#command === 'server')
            args.push('--node-name', 'node-1', '--container-runtime-endpoint', dockerHost);
        this.#process = this.machine.spawn(
            process.execPath,
            [hyperkubeBinary, this.#command, ...args, ...this.#extraArgs],
            join(directory, 'hyperkube.log'),
        );
        const outcome = await eventually('the cluster is ready', async () =>
            this.running ? (await this.#isReady()) && 'ready' : 'ended',
        );
        if (outcome === 'ended') throw new Error('hyperkube ended');
    }

    /** SIGTERM, as systemd does; containers go on. */
    async stop(): Promise<void> {
        if (this.#process !== undefined) await endProcess(this.#process);
        this.#process = undefined;
    }

    /** As a power cut would end it. */
    async kill(): Promise<void> {
        if (this.#process !== undefined) await killProcess(this.#process);
        this.#process = undefined;
    }

    /** Stops hyperkube and removes the machine with everything on it. */
    async close(): Promise<void> {
        await this.stop();
        await this.machine.close();
    }

    /** Runs kubectl; a string is split at spaces, an array is taken as it is. */
    async kubectl(
        command: string | readonly string[],
        options: RunOptions & { binary?: string } = {},
    ): Promise<CommandResult> {
        const args = typeof command === 'string' ? command.split(' ') : command;
        return await this.machine.run(options.binary ?? defaultKubectl(), args, {
            ...options,
            env: { KUBECONFIG: this.kubeconfig, HOME: this.machine.directory, ...options.env },
        });
    }

    /** As `kubectl`, but an exit code other than 0 is an error with kubectl's own words; gives stdout. */
    async ok(
        command: string | readonly string[],
        options: RunOptions & { binary?: string } = {},
    ): Promise<string> {
        return expectSuccess(await this.kubectl(command, options), String(command));
    }

    async json<T>(command: string): Promise<T> {
        return JSON.parse(await this.ok(`${command} -o json`)) as T;
    }

    /** Fetches a page from the node itself; undefined when nothing answers. */
    async fetchPage(url: string): Promise<string | undefined> {
        const [page] = await this.fetchPages(url, 1);
        return typeof page === 'string' ? page : undefined;
    }

    /** Fetches a page from the node, each time over a new connection: bodies, or errors with their code. */
    async fetchPages(url: string, count: number): Promise<(string | { error: string })[]> {
        const script = join(root, 'test/harness/fetch-pages.mjs');
        const result = await this.machine.run(process.execPath, [script, url, String(count)]);
        return JSON.parse(expectSuccess(result)) as (string | { error: string })[];
    }

    /** One request to the API server as the administrator, body and all as they are given. */
    async request(
        method: string,
        path: string,
        { body = '', contentType = 'application/json' }: { body?: string; contentType?: string } = {},
    ): Promise<{ status: number; body: string }> {
        const script = join(root, 'test/harness/api-request.mjs');
        const args = [script, this.kubeconfig, method, path, contentType];
        const result = await this.machine.run(process.execPath, args, { input: body });
        return JSON.parse(expectSuccess(result, `${method} ${path}`)) as { status: number; body: string };
    }

    /** Starts clients that create ConfigMaps; the names of acknowledged ones are their output. */
    startWriteLoad(writers: number, prefix = 'load'): Conversation {
        const script = join(root, 'test/harness/write-load.mjs');
        return this.machine.converse(process.execPath, [script, this.kubeconfig, String(writers), prefix]);
    }

    async docker(...args: string[]): Promise<string> {
        return expectSuccess(await this.machine.run('docker', args), `docker ${args.join(' ')}`);
    }
}

export function expectSuccess({ stdout, stderr, code }: CommandResult, what = 'command'): string {
    if (code !== 0) throw new Error(`${what}: exit code ${code}\n${stdout}\n${stderr}`);
    return stdout;
}

/** kubectl binaries by version ("1.33"), those of this machine; the newest last. */
export function kubectlBinaries(): Map<string, string> {
    const found = new Map<string, string>();
    const main = ['/usr/local/bin/kubectl', '/usr/bin/kubectl'].find((path) => existsSync(path));
    if (main !== undefined) {
        const directory = dirname(realpathSync(main));
        for (const file of readdirSync(directory).sort()) {
            const version = /^kubectl\.(\d+\.\d+)$/.exec(file)?.[1];
            if (version !== undefined) found.set(version, join(directory, file));
        }
    }
    return found;
}

export function defaultKubectl(): string {
    return [...kubectlBinaries().values()].at(-1) ?? 'kubectl';
}
