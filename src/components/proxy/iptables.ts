import { spawn } from 'node:child_process';
import type { Logger } from '../../util/logger.ts';
import type { Chains, RuleSet, Table } from './rule-set.ts';
import type { Jump } from './rules.ts';

/** iptables could not be run, or refused a transaction. The message has its own words. */
export class IptablesError extends Error {
    override readonly name = 'IptablesError';
}

/** Runs a program with `input` on its standard input and gives its output; rejects with IptablesError. */
export type RunProgram = (program: string, args: readonly string[], input: string) => Promise<string>;

/** One chain that is larger than this and changes little is edited in place instead of rewritten. */
const editInPlaceMinRules = 64;
/** … little: at most one rule in this many. */
const editInPlaceFraction = 4;
const commandTimeoutMs = 60_000;
const stderrMaxBytes = 4096;
/** Exists as long as nobody has flushed the tables behind our back. */
const canary = 'KUBE-PROXY-CANARY';
/** Chains of upstream's proxy and ours: everything that `cleanup` may remove. */
const ourChains =
    /^KUBE-(SERVICES|NODEPORTS|POSTROUTING|MARK-MASQ|EXTERNAL-SERVICES|FORWARD|PROXY-FIREWALL|PROXY-CANARY|(SVC|SVL|SEP|EXT|FW)-[A-Z2-7]{16})$/;

/**
 * Writes rule sets into the kernel: what has changed since the last call, in one
 * `iptables-restore --noflush` transaction per table set. Rules and chains of others are not touched.
 * Invariant: `#applied` is what the kernel has, or undefined when that is not known.
 */
export class Iptables {
    readonly #logger: Logger;
    readonly #jumps: readonly Jump[];
    readonly #run: RunProgram;
    #applied: RuleSet | undefined;

    /** @param options.run runs an iptables program: in another network namespace, for tests */
    constructor(options: { logger: Logger; jumps: readonly Jump[]; run?: RunProgram }) {
        this.#logger = options.logger;
        this.#jumps = options.jumps;
        this.#run = options.run ?? runProgram;
    }

    /** Makes the kernel's rules equal to `desired`. Rejects with IptablesError; the next call then rewrites all. */
    async apply(desired: RuleSet): Promise<void> {
        try {
            const text =
                this.#applied === undefined
                    ? await this.#fullTransaction(desired)
                    : differenceTransaction(this.#applied, desired);
            if (text !== '') await this.#run('iptables-restore', ['--noflush', '--wait', '5'], text);
            this.#applied = desired;
        } catch (error) {
            this.#applied = undefined;
            throw error;
        }
    }

    /** True when the tables still hold what was applied; false after someone has flushed them. */
    async intact(): Promise<boolean> {
        for (const table of ['nat', 'filter'] as const) {
            try {
                await this.#run('iptables', ['-w', '5', '-t', table, '-S', canary], '');
            } catch (error) {
                this.#logger.warn(
                    { table, error: String(error) },
                    'iptables rules have been flushed by someone',
                );
                this.#applied = undefined;
                return false;
            }
        }
        return true;
    }

    /** Removes every chain and jump of a service proxy. */
    async cleanup(): Promise<void> {
        const lines: string[] = [];
        for (const [table, { chains, rules }] of await currentTables(this.#run)) {
            const ours = chains.filter((name) => ourChains.test(name));
            if (ours.length === 0) continue;
            lines.push(`*${table}`, ...ours.map((name) => `:${name} - [0:0]`));
            for (const rule of rules) if (isJumpToOurs(rule)) lines.push(rule.replace(/^-A/, '-D'));
            lines.push(...ours.map((name) => `-X ${name}`), 'COMMIT');
        }
        if (lines.length > 0)
            await this.#run('iptables-restore', ['--noflush', '--wait', '5'], `${lines.join('\n')}\n`);
        this.#applied = undefined;
    }

    /** Everything from scratch: our chains anew, left-over ones away, our jumps there once. */
    async #fullTransaction(desired: RuleSet): Promise<string> {
        const current = await currentTables(this.#run);
        const lines: string[] = [];
        for (const table of ['nat', 'filter'] as const) {
            const there = current.get(table) ?? { chains: [], rules: [] };
            const stale = there.chains.filter(
                (name) => ourChains.test(name) && !desired[table].has(name) && name !== canary,
            );
            lines.push(`*${table}`, `:${canary} - [0:0]`);
            for (const name of [...desired[table].keys(), ...stale]) lines.push(`:${name} - [0:0]`);
            for (const rule of there.rules) if (isJumpToOurs(rule)) lines.push(rule.replace(/^-A/, '-D'));
            for (const [name, rules] of desired[table])
                for (const rule of rules) lines.push(`-A ${name} ${rule}`);
            const ownJumps = this.#jumps.filter((jump) => jump.table === table);
            for (const { from, rule } of ownJumps.toReversed()) lines.push(`-I ${from} 1 ${rule}`);
            lines.push(...stale.map((name) => `-X ${name}`), 'COMMIT');
        }
        return `${lines.join('\n')}\n`;
    }
}

/** The restore text that turns `from` into `to`; empty when they are equal. */
export function differenceTransaction(from: RuleSet, to: RuleSet): string {
    const lines: string[] = [];
    for (const table of ['nat', 'filter'] as const) {
        const changes = chainChanges(from[table], to[table]);
        if (changes.length > 0) lines.push(`*${table}`, ...changes, 'COMMIT');
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function chainChanges(from: Chains, to: Chains): string[] {
    const declared: string[] = [];
    const rules: string[] = [];
    const removed = [...from.keys()].filter((name) => !to.has(name));
    for (const [name, wanted] of to) {
        const had = from.get(name);
        if (had === wanted || (had !== undefined && sameRules(had, wanted))) continue;
        const edits = had === undefined ? undefined : editsInPlace(name, had, wanted);
        if (edits === undefined) {
            declared.push(`:${name} - [0:0]`);
            rules.push(...wanted.map((rule) => `-A ${name} ${rule}`));
        } else rules.push(...edits);
    }
    // Declaring a chain empties it: removed ones must be empty before they can go.
    declared.push(...removed.map((name) => `:${name} - [0:0]`));
    return [...declared, ...rules, ...removed.map((name) => `-X ${name}`)];
}

/**
 * Single deletions and insertions for a large chain whose rules are independent of each other, apart
 * from the last one which stays last. Undefined when rewriting is cheaper or order matters.
 */
function editsInPlace(name: string, had: readonly string[], wanted: readonly string[]): string[] | undefined {
    if (had.length < editInPlaceMinRules || had.at(-1) !== wanted.at(-1)) return undefined;
    const hadSet = new Set(had);
    const wantedSet = new Set(wanted);
    const gone = had.filter((rule) => !wantedSet.has(rule));
    const fresh = wanted.filter((rule) => !hadSet.has(rule));
    if ((gone.length + fresh.length) * editInPlaceFraction > wanted.length) return undefined;
    return [...gone.map((rule) => `-D ${name} ${rule}`), ...fresh.map((rule) => `-I ${name} 1 ${rule}`)];
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
    return a.length === b.length && a.every((rule, index) => rule === b[index]);
}

/** A rule of a chain that is not ours which jumps into one of ours. */
function isJumpToOurs(rule: string): boolean {
    const [, from = '', target = ''] = /^-A (\S+) .*-j (\S+)/.exec(rule) ?? [];
    return ourChains.test(target) && !ourChains.test(from);
}

interface TableContent {
    chains: string[];
    rules: string[];
}

async function currentTables(run: RunProgram): Promise<Map<Table, TableContent>> {
    const tables = new Map<Table, TableContent>();
    for (const table of ['nat', 'filter'] as const) {
        const content: TableContent = { chains: [], rules: [] };
        for (const line of (await run('iptables-save', ['-t', table], '')).split('\n')) {
            if (line.startsWith(':')) content.chains.push(line.slice(1).split(' ')[0] ?? '');
            else if (line.startsWith('-A')) content.rules.push(line);
        }
        tables.set(table, content);
    }
    return tables;
}

/** The default RunProgram: in this process's own network namespace. */
export async function runProgram(program: string, args: readonly string[], input: string): Promise<string> {
    return await new Promise((resolve, reject) => {
        const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: commandTimeoutMs });
        const output: Buffer[] = [];
        let complaint = '';
        child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
        child.stderr.on('data', (chunk: Buffer) => {
            if (complaint.length < stderrMaxBytes) complaint += chunk.toString();
        });
        child.on('error', (cause) => {
            reject(new IptablesError(`cannot run ${program}: ${cause.message}`, { cause }));
        });
        child.on('close', (code) => {
            if (code === 0) resolve(Buffer.concat(output).toString());
            else
                reject(
                    new IptablesError(
                        `${program} failed with exit code ${String(code)}: ${complaint.trim()}`,
                    ),
                );
        });
        child.stdin.on('error', () => undefined);
        child.stdin.end(input);
    });
}
