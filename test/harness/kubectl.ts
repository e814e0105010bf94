import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '../../src/api/meta/object.ts';
import { type Cluster, defaultKubectl, expectSuccess } from './cluster.ts';
import type { Conversation } from './conversation.ts';
import { eventually } from './machine.ts';
import type { CommandResult, RunOptions } from './processes.ts';

type Command = string | readonly string[];

const wordsOf = (command: Command): readonly string[] =>
    typeof command === 'string' ? command.split(' ') : command;

export function isReady(pod: V1Pod): boolean {
    return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** One kubectl binary at work in one namespace of a cluster. A string command is split at spaces. */
export class Kubectl {
    readonly cluster: Cluster;
    readonly namespace: string;
    readonly binary: string;

    constructor(cluster: Cluster, options: { binary?: string; namespace?: string } = {}) {
        this.cluster = cluster;
        this.namespace = options.namespace ?? 'default';
        this.binary = options.binary ?? defaultKubectl();
    }

    async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
        return await this.cluster.kubectl(['--namespace', this.namespace, ...wordsOf(command)], {
            ...options,
            binary: this.binary,
        });
    }

    /** The output of a command that must succeed. */
    async ok(command: Command, options: RunOptions = {}): Promise<string> {
        return expectSuccess(await this.run(command, options), `kubectl ${String(command)}`);
    }

    /** What a command that must fail says on standard error. */
    async refused(command: Command, options: RunOptions = {}): Promise<string> {
        const { stdout, stderr, code } = await this.run(command, options);
        if (code === 0) throw new Error(`kubectl ${String(command)} succeeded:\n${stdout}`);
        return stderr;
    }

    async json<T>(command: string): Promise<T> {
        return JSON.parse(await this.ok(`${command} -o json`)) as T;
    }

    /** Applies objects, with `verb` create or apply; gives kubectl's lines. */
    async send(verb: 'create' | 'apply' | 'replace' | 'delete', ...objects: object[]): Promise<string> {
        const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
        return await this.ok([verb, '-f', '-'], { input });
    }

    async pod(name: string): Promise<V1Pod> {
        return await this.json<V1Pod>(`get pod ${name}`);
    }

    /** Waits until a pod is as wanted; the error shows how it was at last. */
    async untilPod(
        name: string,
        wanted: (pod: V1Pod) => boolean | undefined,
        timeoutMs = 60_000,
    ): Promise<V1Pod> {
        let last: V1Pod | undefined;
        try {
            return await eventually(
                `pod ${name} is as wanted`,
                async () => {
                    last = await this.pod(name);
                    return wanted(last) === true ? last : undefined;
                },
                timeoutMs,
            );
        } catch (error) {
            const events = await this.run(`events --for pod/${name}`);
            throw new Error(`pod ${name}: ${JSON.stringify(last?.status, null, 1)}\n${events.stdout}`, {
                cause: error,
            });
        }
    }

    async untilPhase(name: string, phase: string): Promise<V1Pod> {
        return await this.untilPod(name, ({ status }) => status?.phase === phase);
    }

    async untilReady(name: string): Promise<V1Pod> {
        return await this.untilPod(name, isReady);
    }

    /** Creates a pod that runs once, waits for its success and gives its logs. */
    async outputOf(pod: V1Pod): Promise<string> {
        const name = pod.metadata?.name ?? '';
        await this.send('create', pod);
        await this.untilPhase(name, 'Succeeded');
        return await this.ok(`logs ${name}`);
    }

    /** Runs a shell script in a container of a pod. */
    async inPod(name: string, script: string, container?: string): Promise<string> {
        const chosen = container === undefined ? [] : ['-c', container];
        return await this.ok(['exec', name, ...chosen, '--', 'sh', '-c', script]);
    }

    /** A command that goes on: logs -f, get -w, port-forward. */
    start(command: Command): Conversation {
        return this.cluster.machine.converse(
            this.binary,
            ['--namespace', this.namespace, ...wordsOf(command)],
            this.#environment(),
        );
    }

    /** A command on a terminal, as a person at a keyboard has it. */
    startOnTerminal(command: string): Conversation {
        const line = `${this.binary} --namespace ${this.namespace} ${command}`;
        return this.cluster.machine.converse('script', ['-qefc', line, '/dev/null'], {
            ...this.#environment(),
            TERM: 'xterm',
            SHELL: '/bin/sh',
        });
    }

    #environment(): Record<string, string> {
        return { KUBECONFIG: this.cluster.kubeconfig, HOME: this.cluster.machine.directory };
    }
}

/**
 * kubectl as Debian packages it (1.20 in Debian 12), fetched from Debian's archive into the user's cache, where
 * later runs find it; undefined where there is no archive to be reached. `version` is "1.20".
 */
export function debianKubectl(): { binary: string; version: string } | undefined {
    const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hyperkube');
    const kept = join(cache, 'debian-kubectl');
    const binary = join(kept, 'usr/bin/kubectl');
    try {
        if (!existsSync(binary)) {
            mkdirSync(cache, { recursive: true });
            fetchDebianKubectl(cache, kept);
        }
        const text = execFileSync(binary, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
        const { clientVersion } = JSON.parse(text) as { clientVersion: { gitVersion: string } };
        return { binary, version: /^v(\d+\.\d+)/.exec(clientVersion.gitVersion)?.[1] ?? '' };
    } catch {
        return undefined; // Offline, or not a Debian: there is nothing to test with.
    }
}

/** Unpacks the package aside, so that what is found in the cache is always whole. */
function fetchDebianKubectl(cache: string, kept: string): void {
    const directory = mkdtempSync(join(cache, 'fetch-'));
    try {
        const options = { cwd: directory, stdio: 'ignore', timeout: 60_000 } as const;
        execFileSync('apt-get', ['download', 'kubernetes-client'], options);
        const archive = readdirSync(directory).find((file) => file.endsWith('.deb'));
        if (archive === undefined) throw new Error('the archive has no kubernetes-client');
        execFileSync('dpkg', ['-x', archive, directory], options);
        rmSync(kept, { recursive: true, force: true });
        renameSync(directory, kept);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}
