import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, percentile } from '../bench/report.ts';
import { MemberHandle } from './member-handle.ts';

export interface KillRoundsOptions {
    members: 1 | 3;
    rounds: number;
    /** The bundled member-process.ts. */
    program: string;
    /** In [0, 1). */
    random: () => number;
    onRound?: (round: number, summary: KillSummary) => void;
}

export interface KillSummary {
    rounds: number;
    acknowledged: number;
    kills: number;
    /** How long each opening took, and how much CPU time of the process: the machine has other work, too. */
    openings: { openMs: number; cpuMs: number }[];
}

/** "opened 30 times in 210 ms (median), 400 ms (p99), 460 ms (longest); 180 ms of CPU time (median), …". */
export function openingText({ openings }: KillSummary): string {
    const wall = openings.map(({ openMs }) => openMs);
    const cpu = openings.map(({ cpuMs }) => cpuMs);
    const figures = (of: readonly number[]): string =>
        `${median(of).toFixed()} ms (median), ${percentile(of, 0.99).toFixed()} ms (p99), ${Math.max(...of).toFixed()} ms (longest)`;
    return `opened ${openings.length} times in ${figures(wall)}; CPU time ${figures(cpu)}`;
}

/** How long members write before one is killed, at most; short enough to meet the first write, too. */
const writeMsMax = 400;
const writersPerMember = 4;
/** Of the rounds; killed members are in the middle of giving space back then. */
const compactionShare = 0.2;
/** Acknowledged before the first round counts, so that a round is never empty. */
const writtenMin = 1;

/**
 * Rounds of: members write, one or several are killed with SIGKILL at a random moment and started again, then
 * everything acknowledged must be there, once. Throws with what is wrong.
 */
export async function runKillRounds(options: KillRoundsOptions): Promise<KillSummary> {
    const directory = await mkdtemp(join(tmpdir(), 'hyperkube-kill-'));
    const rounds = new KillRounds(directory, options, await freeUrls(options.members));
    try {
        return await rounds.run();
    } finally {
        await rounds.end();
        await rm(directory, { recursive: true, force: true });
    }
}

class KillRounds {
    readonly #directory: string;
    readonly #options: KillRoundsOptions;
    readonly #members: { name: string; url: string }[];
    readonly #running = new Map<string, MemberHandle>();
    readonly #summary: KillSummary = { rounds: 0, acknowledged: 0, kills: 0, openings: [] };

    constructor(directory: string, options: KillRoundsOptions, urls: readonly string[]) {
        this.#directory = directory;
        this.#options = options;
        this.#members = urls.map((url, i) => ({ name: `m${i}`, url }));
    }

    async run(): Promise<KillSummary> {
        await Promise.all(
            this.#members.map(async ({ name }) => {
                await this.#start(name);
            }),
        );
        for (let round = 1; round <= this.#options.rounds; round++) {
            await this.#round(`/round-${round}/`);
            this.#summary.rounds = round;
            this.#options.onRound?.(round, this.#summary);
        }
        return this.#summary;
    }

    async end(): Promise<void> {
        await Promise.all(
            [...this.#running.values()].map(async (member) => {
                await member.kill();
            }),
        );
    }

    async #round(prefix: string): Promise<void> {
        const handles = [...this.#running.values()];
        for (const member of handles) {
            member.written.length = 0;
            member.tell({ type: 'write', prefix, writers: writersPerMember });
        }
        while (handles.every((member) => member.written.length < writtenMin)) await sleep(5);
        await sleep(this.#options.random() * writeMsMax);
        const acknowledged = new Set<string>();
        const victims = this.#victims();
        await Promise.all(
            victims.map(async (member) => {
                await member.kill();
            }),
        );
        this.#summary.kills += handles.length;
        await Promise.all(
            victims.map(async ({ name }) => {
                await this.#start(name);
            }),
        );
        // The others stop writing, too: this round's keys shall not grow while they are read.
        const survivors = handles.filter((member) => !victims.includes(member));
        await Promise.all(
            survivors.map(async (member) => {
                await member.kill();
            }),
        );
        await Promise.all(
            survivors.map(async ({ name }) => {
                await this.#start(name);
            }),
        );
        for (const member of handles) for (const key of member.written) acknowledged.add(key);
        this.#summary.acknowledged += acknowledged.size;
        await this.#check(prefix, acknowledged);
    }

    async #check(prefix: string, acknowledged: ReadonlySet<string>): Promise<void> {
        for (const member of this.#running.values()) {
            const { versions } = await this.#patiently(
                async () => await member.ask({ type: 'read', prefix }, 'read'),
            );
            const found = new Map(versions);
            const lost = [...acknowledged].filter((key) => !found.has(key));
            if (lost.length > 0) {
                throw new Error(
                    `${member.name} lost ${lost.length} acknowledged writes: ${lost.slice(0, 5).join()}`,
                );
            }
            const doubled = versions.filter(([, version]) => version !== 1);
            if (doubled.length > 0) {
                throw new Error(`${member.name} has writes made twice: ${doubled.slice(0, 5).join()}`);
            }
        }
        const [first] = this.#running.values();
        const compacts = this.#options.random() < compactionShare;
        await this.#patiently(
            async () => await first?.ask({ type: 'forget', prefix, compacts }, 'forgotten'),
        );
        const hashes = new Set<string>();
        for (const member of this.#running.values()) {
            const { hash, revision } = await this.#patiently(
                async () => await member.ask({ type: 'hash', revision: 0 }, 'hash'),
            );
            hashes.add(`${hash} at ${revision}`);
        }
        if (hashes.size !== 1) throw new Error(`members differ: ${[...hashes].join(' and ')}`);
    }

    /** There may be no leader for a while. */
    async #patiently<T>(work: () => Promise<T>): Promise<T> {
        for (let attempt = 1; ; attempt++) {
            try {
                return await work();
            } catch (error) {
                if (attempt === 5) throw error;
            }
        }
    }

    #victims(): MemberHandle[] {
        const all = [...this.#running.values()];
        const count = 1 + Math.floor(this.#options.random() * all.length);
        return all
            .map((member) => ({ member, order: this.#options.random() }))
            .sort((a, b) => a.order - b.order)
            .slice(0, count)
            .map(({ member }) => member);
    }

    async #start(name: string): Promise<void> {
        const config = { name, directory: join(this.#directory, name), members: this.#members };
        const member = new MemberHandle(config, this.#options.program);
        this.#running.set(name, member);
        const { openMs, cpuMs } = await member.next('open');
        this.#summary.openings.push({ openMs, cpuMs });
    }
}

async function freeUrls(count: number): Promise<string[]> {
    const servers = await Promise.all(
        Array.from({ length: count }, async () => {
            const server = createServer();
            await new Promise<void>((resolve) => {
                server.listen(0, '127.0.0.1', resolve);
            });
            return server;
        }),
    );
    const urls = servers.map((server) => {
        const address = server.address();
        return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    });
    for (const server of servers) server.close();
    return urls;
}
