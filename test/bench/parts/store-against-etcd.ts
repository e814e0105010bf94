import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Contender } from '../etcd-load/contender.ts';
import type { LoadName, LoadParameters, LoadResult } from '../etcd-load/loads.ts';
import type { BenchOptions } from '../options.ts';
import { count, median, mebibytes, progress, row, type Row } from '../report.ts';

export const loadMs = 3_000;
/** Every contender has so long to warm up: ours is compiled while it runs, etcd is not. */
export const warmUpMs = 10_000;
const budget = 'ratio of 1';

interface Load {
    what: string;
    name: LoadName;
    clients: number;
}
const loads: readonly Load[] = [
    ...[1, 100, 1000].map((clients) => ({ what: `put, ${clients} clients`, name: 'put' as const, clients })),
    { what: 'linearizable range, 100 clients', name: 'range', clients: 100 },
    { what: 'linearizable range, 1 client', name: 'range', clients: 1 },
    { what: 'serializable range, 100 clients', name: 'serializableRange', clients: 100 },
    { what: 'guarded transactions, 100 clients', name: 'guardedTxn', clients: 100 },
    { what: 'events to 1,000 watchers', name: 'watch', clients: 1000 },
];

/** A load's figures, the medians of its rounds. */
export interface Figures {
    perSecond: number;
    p50Ms: number;
    p99Ms: number;
    /** User and system time of all members for one request, or one event. Hardly depends on what else runs. */
    cpuMicros: number;
}
type Measured = LoadResult & Pick<Figures, 'cpuMicros'>;

interface Comparison {
    members: number;
    ours: readonly string[];
    rounds: number;
    chosen: readonly Load[];
}

/** The same client and load on ours and on etcd in alternation, one member and three. */
export async function storeAgainstEtcd({ ours, rounds, only }: BenchOptions): Promise<Row[]> {
    const rows: Row[] = [];
    for (const members of [1, 3]) {
        const chosen = loads.filter((each) => label(members, each).includes(only));
        if (chosen.length === 0) continue;
        try {
            rows.push(...(await compare({ members, ours, rounds, chosen })));
        } catch (error) {
            process.exitCode = 1;
            const text = String(error).split('\n')[0] ?? '';
            rows.push(row(`gRPC, ${members} members`, budget, `failed: ${text}`));
        }
    }
    return rows;
}

/** etcd under guarded transactions over gRPC, one member, warm: for rounds in alternation with something else. */
export async function guardedTransactionsOfEtcd(): Promise<{
    round(): Promise<Figures>;
    stop(): Promise<void>;
}> {
    const guarded = { name: 'guardedTxn', clients: 100 } as const;
    const etcd = await Contender.start('etcd', ['etcd'], 1);
    try {
        await warmUp([etcd], [guarded]);
    } catch (error) {
        await etcd.stop();
        throw error;
    }
    return {
        round: async () => await load(etcd, guarded, loadMs),
        stop: async () => {
            await etcd.stop();
        },
    };
}

function label(members: number, { what }: Load): string {
    return `gRPC, ${members} of it: ${what}`;
}

async function compare({ members, ours, rounds, chosen }: Comparison): Promise<Row[]> {
    const contenders: Contender[] = [];
    try {
        contenders.push(await Contender.start('ours', ours, members));
        contenders.push(await Contender.start('etcd', ['etcd'], members));
        await warmUp(contenders, chosen);
        const warmth = `${count(warmUpMs / 1_000)} s of puts of 100 clients, one round of each load`;
        const rows = [row(`gRPC, ${members} of it: warm-up of both, not measured`, '', warmth)];
        for (const each of chosen) rows.push(await compareLoad(contenders, each, { members, rounds }));
        const [own = 0, etcds = 0] = contenders.map((contender) => contender.usage().rssBytes);
        rows.push(
            row(
                `gRPC, ${members} of it: RSS after all that`,
                '',
                `${mebibytes(own)}, etcd ${mebibytes(etcds)}`,
            ),
        );
        return rows;
    } finally {
        for (const contender of contenders) await contender.stop();
    }
}

/** The same for all, and long enough that nothing is compiled any more while it is measured. */
async function warmUp(
    contenders: readonly Contender[],
    chosen: readonly Pick<Load, 'name' | 'clients'>[],
): Promise<void> {
    for (const contender of contenders) {
        progress(`${contender.name} warms up`);
        await load(contender, { name: 'put', clients: 100 }, warmUpMs);
        for (const each of chosen) await load(contender, each, loadMs);
    }
}

async function compareLoad(
    contenders: readonly Contender[],
    each: Load,
    { members, rounds }: Pick<Comparison, 'members' | 'rounds'>,
): Promise<Row> {
    const results = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++)
        for (const contender of contenders) {
            const result = await load(contender, each, loadMs);
            progress(`${members} x ${contender.name}, ${each.what}: ${JSON.stringify(result)}`);
            results.get(contender.name)?.push(result);
        }
    const [own, etcds] = [results.get('ours') ?? [], results.get('etcd') ?? []];
    const [ownFigures, etcdsFigures] = [figuresOf(own), figuresOf(etcds)];
    const ratio = (key: 'perSecond' | 'cpuMicros'): string =>
        (ownFigures[key] / etcdsFigures[key]).toFixed(2);
    return row(
        label(members, each),
        budget,
        `ratio ${ratio('perSecond')} (of CPU ${ratio('cpuMicros')}): ${textOf(ownFigures)}${remarks(own)}; ` +
            `etcd ${textOf(etcdsFigures)}${remarks(etcds)}`,
    );
}

export function figuresOf(results: readonly Figures[]): Figures {
    const of = (key: keyof Figures): number => median(results.map((result) => result[key]));
    return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), cpuMicros: of('cpuMicros') };
}

export function textOf({ perSecond, p50Ms, p99Ms, cpuMicros }: Figures): string {
    return (
        `${count(perSecond)} /s, ${count(cpuMicros)} µs of CPU each, ` +
        `p50 ${count(p50Ms)} ms, p99 ${count(p99Ms)} ms`
    );
}

function remarks(results: readonly Measured[]): string {
    const generator = median(results.map(({ generatorCpuPercent }) => generatorCpuPercent));
    const errors = results.reduce((sum, result) => sum + result.errors, 0);
    return ` (generator ${count(generator)} % CPU${errors > 0 ? `, ${errors} errors` : ''})`;
}

/** One load, in a process of its own. */
async function load(
    contender: Contender,
    { name, clients }: Pick<Load, 'name' | 'clients'>,
    durationMs: number,
): Promise<Measured> {
    const parameters: LoadParameters = { ports: contender.ports, name, clients, durationMs };
    const before = contender.usage().cpuMs;
    const { stdout } = await promisify(execFile)(process.execPath, [
        process.argv[1] ?? '',
        '--errand',
        'runLoad',
        JSON.stringify(parameters),
    ]);
    const result = JSON.parse(stdout) as LoadResult;
    const cpuMs = contender.usage().cpuMs - before;
    return { ...result, cpuMicros: (cpuMs * 1_000) / result.answered };
}
