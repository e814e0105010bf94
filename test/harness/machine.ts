import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
    mkdtempSync,
    rmSync,
    openSync,
    closeSync,
    existsSync,
    readFileSync,
    mkdirSync,
    statSync,
} from 'node:fs';
import { join } from 'node:path';
import { Conversation } from './conversation.ts';
import { ip } from './ip.ts';
import {
    endProcess,
    killPid,
    listProcesses,
    runProgram,
    type CommandResult,
    type RunOptions,
} from './processes.ts';

let machineCount = 0;

/**
 * A computer of its own for a test: a network namespace with one address, and a Docker engine that
 * lives in it. Ports, iptables rules, bridges and containers are apart from the real machine's.
 * `close` ends every process started through it and removes namespace, mounts and files.
 */
export class Machine {
    readonly name: string;
    /** Scratch directory, removed by `close`. */
    readonly directory: string;
    readonly ip: string;
    /** As /proc/PID/ns/net names it. */
    readonly networkNamespace: string;
    #children = new Set<ChildProcess>();

    private constructor(name: string, directory: string, ip: string) {
        this.name = name;
        this.directory = directory;
        this.ip = ip;
        this.networkNamespace = `net:[${statSync(`/run/netns/${name}`).ino}]`;
    }

    static async create(): Promise<Machine> {
        const name = `hk${process.pid}-${machineCount++}`;
        const directory = mkdtempSync(join('/var/tmp', `${name}-`));
        ip('netns', 'add', name);
        const machine = new Machine(name, directory, '10.213.0.2');
        ip('-n', name, 'link', 'set', 'lo', 'up');
        // Both ends are inside: the cable leads nowhere, but the card has a carrier.
        ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0-peer');
        ip('-n', name, 'link', 'set', 'eth0-peer', 'up');
        ip('-n', name, 'addr', 'add', `${machine.ip}/24`, 'dev', 'eth0');
        ip('-n', name, 'link', 'set', 'eth0', 'up');
        ip('-n', name, 'route', 'add', 'default', 'via', '10.213.0.1', 'onlink', 'dev', 'eth0');
        await machine.startDocker();
        return machine;
    }

    get dockerHost(): string {
        return `unix://${join(this.directory, 'docker.sock')}`;
    }

    /** Environment under which docker and the project's scripts use this machine's engine. */
    get environment(): Record<string, string> {
        return { DOCKER_HOST: this.dockerHost };
    }

    /** Starts the engine and waits until it answers. Its containers, if it had any, are as they were left. */
    async startDocker(): Promise<void> {
        const at = (file: string): string => join(this.directory, file);
        const args = [
            '--data-root',
            at('docker'),
            '--exec-root',
            at('docker-run'),
            '--pidfile',
            at('docker.pid'),
        ];
        const child = this.spawn(
            'dockerd',
            [...args, '-H', this.dockerHost, '--bridge=none'],
            at('dockerd.log'),
        );
        for (let attempt = 0; attempt < 300; attempt++) {
            if (existsSync(at('docker.sock')) && (await this.run('docker', ['version'])).code === 0) return;
            if (child.exitCode !== null) break;
            await sleep(100);
        }
        throw new Error(`dockerd did not start:\n${readFileSync(at('dockerd.log'), 'utf8').slice(-2000)}`);
    }

    /**
     * What a power cut does to Docker: engine, containerd, shims and containers are gone at once, and so is
     * what was in memory (`/run`). Images, containers' layers and records stay on the disk.
     */
    async cutPowerOfDocker(): Promise<void> {
        const runDirectory = join(this.directory, 'docker-run');
        const processes = listProcesses();
        const ours = processes.filter(({ commandLine }) => commandLine.includes(`${this.directory}/docker`));
        const shims = new Set(ours.map(({ pid }) => pid));
        const doomed = [...ours, ...processes.filter(({ parent }) => shims.has(parent))];
        for (const { pid } of doomed) killPid(pid);
        await eventually('Docker is dead', () =>
            Promise.resolve(
                listProcesses().every(
                    ({ pid, state }) => state === 'Z' || !doomed.some((one) => one.pid === pid),
                ),
            ),
        );
        for (const mount of mountsBelow(this.directory)) execFileSync('umount', ['-l', mount]);
        rmSync(runDirectory, { recursive: true, force: true });
        for (const file of ['docker.pid', 'docker.sock']) rmSync(join(this.directory, file), { force: true });
    }

    /** Runs a program in the machine's network to its end; never rejects for an exit code. */
    async run(file: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
        return await runProgram('nsenter', [`--net=/run/netns/${this.name}`, file, ...args], {
            ...options,
            env: { ...this.environment, ...options.env },
        });
    }

    /** Starts a long-running program in the machine's network; its output goes to `logFile`. */
    spawn(
        file: string,
        args: readonly string[],
        logFile: string,
        env: Record<string, string> = {},
    ): ChildProcess {
        const log = openSync(logFile, 'a');
        const child = spawn('nsenter', [`--net=/run/netns/${this.name}`, file, ...args], {
            stdio: ['ignore', log, log],
            env: { ...process.env, ...this.environment, ...env },
        });
        closeSync(log);
        this.#children.add(child);
        child.on('exit', () => this.#children.delete(child));
        return child;
    }

    /** Starts a program that the test reads from and types to while it runs. */
    converse(
        file: string,
        args: readonly string[],
        env: Readonly<Record<string, string>> = {},
    ): Conversation {
        const child = spawn('nsenter', [`--net=/run/netns/${this.name}`, file, ...args], {
            stdio: 'pipe',
            env: { ...process.env, ...this.environment, ...env },
        });
        this.#children.add(child);
        child.on('exit', () => this.#children.delete(child));
        return new Conversation(child);
    }

    async close(): Promise<void> {
        const ids = (await this.run('docker', ['ps', '-aq'])).stdout.split('\n').filter((id) => id !== '');
        if (ids.length > 0) await this.run('docker', ['rm', '-f', ...ids]);
        await Promise.all(
            [...this.#children].map(async (child) => {
                await endProcess(child);
            }),
        );
        for (const mount of mountsBelow(this.directory)) execFileSync('umount', ['-l', mount]);
        ip('netns', 'del', this.name);
        rmSync(this.directory, { recursive: true, force: true });
    }

    /** A fresh directory below the machine's. */
    makeDirectory(name: string): string {
        const path = join(this.directory, name);
        mkdirSync(path, { recursive: true });
        return path;
    }
}

export async function sleep(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls `probe` until it gives something other than undefined or false; its last error is the cause of a time-out. */
export async function eventually<T>(
    what: string,
    probe: () => Promise<T | undefined | false>,
    timeoutMs = 60_000,
): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    let lastError: unknown;
    for (;;) {
        try {
            const value = await probe();
            if (value !== undefined && value !== false) return value;
        } catch (error) {
            lastError = error;
        }
        if (performance.now() > deadline)
            throw new Error(
                `timed out after ${timeoutMs} ms: ${what}${lastError instanceof Error ? `: ${lastError.message}` : ''}`,
                { cause: lastError },
            );
        await sleep(200);
    }
}

/** Mount points below a directory, deepest first. */
function mountsBelow(directory: string): string[] {
    return readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .map((line) => line.split(' ')[1] ?? '')
        .filter((path) => path.startsWith(`${directory}/`))
        .sort((a, b) => b.length - a.length);
}
