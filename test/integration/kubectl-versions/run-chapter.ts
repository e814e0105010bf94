import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { load } from 'js-yaml';
import { runProgram } from '../../harness/processes.ts';
import { eventually } from '../support/api-server.ts';
import type { Chapter, Entry, Step } from './chapter.ts';
import type { TourCluster } from './cluster.ts';
import { mask, type Mask } from './masks.ts';

/** The processor time of a step's programs, without the server's. */
export interface Timing {
    chapter: string;
    command: string;
    ms: number;
}

/** A cluster and the kubectl that walks through it; files, configuration and caches are in a directory of its own. */
export class Walker {
    readonly cluster: TourCluster;
    readonly #directory: string;
    readonly #timings: Timing[] = [];

    private constructor(cluster: TourCluster, directory: string) {
        this.cluster = cluster;
        this.#directory = directory;
    }

    static async create(cluster: TourCluster, binary: string): Promise<Walker> {
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-tour-'));
        await mkdir(join(directory, 'bin'));
        await symlink(binary, join(directory, 'bin', 'kubectl'));
        return new Walker(cluster, directory);
    }

    /** Of each step so far. */
    get timings(): readonly Timing[] {
        return this.#timings;
    }

    /** Runs a chapter in a namespace of its name; gives what each step printed, masked and marked. */
    async walk(chapter: Chapter): Promise<Map<Step, string[]>> {
        const work = join(this.#directory, chapter.name);
        await mkdir(work);
        await writeFile(join(work, 'kubeconfig'), this.cluster.kubeconfig(chapter.name), { mode: 0o600 });
        await this.#makeNamespace(chapter.name);
        const outputs = new Map<Step, string[]>();
        const masks: Mask[] = [
            { pattern: new RegExp(escape(this.cluster.url), 'g'), replacement: 'https://<server>' },
            {
                pattern: new RegExp(escape(this.cluster.url.replace('https://', '')), 'g'),
                replacement: '<server>',
            },
            { pattern: new RegExp(escape(work), 'g'), replacement: '<dir>' },
        ];
        for (const entry of chapter.entries)
            await this.#take(entry, { chapter: chapter.name, work, masks, outputs });
        return outputs;
    }

    async close(): Promise<void> {
        await rm(this.#directory, { recursive: true });
    }

    async #take(
        entry: Entry,
        state: { chapter: string; work: string; masks: Mask[]; outputs: Map<Step, string[]> },
    ): Promise<void> {
        switch (entry.type) {
            case 'text':
                break;
            case 'file':
                await writeFile(join(state.work, entry.name), entry.content, {
                    mode: entry.content.startsWith('#!') ? 0o755 : 0o644,
                });
                break;
            case 'mask':
                state.masks.unshift(entry);
                break;
            case 'request':
                await this.#request(entry);
                break;
            case 'until':
                await eventually(
                    `${entry.path}: ${entry.body}`,
                    async () => includes(await this.#request({ ...entry, body: '' }), load(entry.body)),
                    30_000,
                );
                break;
            case 'step':
                state.outputs.set(entry, await this.#run(entry, state));
        }
    }

    async #run(
        { command }: Step,
        { chapter, work, masks }: { chapter: string; work: string; masks: readonly Mask[] },
    ): Promise<string[]> {
        const script = `trap 'times > "$HOME/times"' EXIT; cd '${work}'; ${command}`;
        const { stdout, stderr, code } = await runProgram('/bin/sh', ['-c', script], {
            env: {
                PATH: [join(this.#directory, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(
                    delimiter,
                ),
                HOME: this.#directory,
                KUBECONFIG: join(work, 'kubeconfig'),
                TERM: 'dumb',
            },
            timeoutMs: 30_000,
        });
        this.#timings.push({ chapter, command, ms: await this.#processorMs() });
        const marked = (text: string, sign: string): string[] =>
            text === ''
                ? []
                : mask(text, masks)
                      .replace(/\n$/, '')
                      .split('\n')
                      .map((line) => (line === '' ? sign : `${sign} ${line}`));
        const isSilent = code !== 0 && stderr.startsWith('Error: Command failed:');
        return [
            ...marked(stdout, '|'),
            ...(isSilent ? [] : marked(stderr, '!')),
            ...(code === 0 ? [] : [`exit ${code}`]),
        ];
    }

    /** From "0m0.010000s 0m0.020000s" for the shell and again for what it ran. */
    async #processorMs(): Promise<number> {
        const text = await readFile(join(this.#directory, 'times'), 'utf8').catch(() => '');
        const seconds = [...text.matchAll(/(\d+)m([\d.]+)s/g)].map(
            ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
        );
        return Math.round(seconds.reduce((sum, one) => sum + one, 0) * 1000);
    }

    async #request({ method, path, body }: { method: string; path: string; body: string }): Promise<unknown> {
        return await this.cluster.admin.request({
            method: method as 'GET',
            path,
            ...(body === '' ? {} : { body: load(body) }),
            ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}),
        });
    }

    async #makeNamespace(name: string): Promise<void> {
        const request = this.#request.bind(this);
        await request({
            method: 'POST',
            path: '/api/v1/namespaces',
            body: `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name} } }`,
        });
        for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt'])
            await eventually(`${name} has ${path}`, async () => {
                try {
                    return await request({
                        method: 'GET',
                        path: `/api/v1/namespaces/${name}/${path}`,
                        body: '',
                    });
                } catch {
                    return undefined;
                }
            });
    }
}

const escape = (text: string): string => text.replace(/[.[\]()]/g, '\\$&');

/** True when `value` has all that `wanted` has; null in `wanted` is a field that must not be there. */
function includes(value: unknown, wanted: unknown): boolean {
    if (wanted === null) return value === undefined || value === null;
    if (typeof wanted !== 'object') return value === wanted;
    if (typeof value !== 'object' || value === null) return false;
    if (Array.isArray(wanted) && Array.isArray(value) && value.length !== wanted.length) return false;
    return Object.entries(wanted).every(([key, one]) =>
        includes((value as Record<string, unknown>)[key], one),
    );
}
