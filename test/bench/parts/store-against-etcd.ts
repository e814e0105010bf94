import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Contender } from '../etcd-load/contender.ts';
import type { LoadName, LoadParameters, LoadResult } from '../etcd-load/loads.ts';
import type { BenchOptions } from '../options.ts';
import { count, median, mebibytes, progress, row, type Row } from '../report.ts';

const loadMs = 3_000;
const fillMs = 2_000;
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

interface Comparison {
    members: number;
    ours: readonly string[];
    rounds: number;
}

/** The same client and load on ours and on etcd in alternation, one member and three. */
export async function storeAgainstEtcd({ ours, rounds }: BenchOptions): Promise<Row[]> {
    const rows: Row[] = [];
    for (const members of [1, 3]) {
        try {
            rows.push(...(await compare({ members, ours, rounds })));
        } catch (error) {
            process.exitCode = 1;
            const text = String(error).split('\n')[0] ?? '';
            rows.push(row(`gRPC, ${members} members`, budget, `failed: ${text}`));
        }
    }
    return rows;
}

async function compare({ members, ours, rounds }: Comparison): Promise<Row[]> {
    const contenders: Contender[] = [];
    try {
        contenders.push(await Contender.start('ours', ours, members));
        contenders.push(await Contender.start('etcd', ['etcd'], members));
        for (const { ports } of contenders)
            await load(ports, { name: 'put', clients: 100, durationMs: fillMs });
        const rows: Row[] = [];
        for (const each of loads) rows.push(await compareLoad(contenders, each, { members, rounds }));
        const [own = 0, etcds = 0] = contenders.map(({ rssBytes }) => rssBytes);
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

async function compareLoad(
    contenders: readonly Contender[],
    each: Load,
    { members, rounds }: Omit<Comparison, 'ours'>,
): Promise<Row> {
    const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++)
        for (const { name, ports } of contenders) {
            const result = await load(ports, { ...each, durationMs: loadMs });
            progress(`${members} x ${name}, ${each.what}: ${JSON.stringify(result)}`);
            results.get(name)?.push(result);
        }
    const [own, etcds] = [results.get('ours') ?? [], results.get('etcd') ?? []];
    const rate = (of: LoadResult[]): number => median(of.map(({ perSecond }) => perSecond));
    return row(
        `gRPC, ${members} of it: ${each.what}`,
        budget,
        `ratio ${(rate(own) / rate(etcds)).toFixed(2)}: ${figures(own)}; etcd ${figures(etcds)}`,
    );
}

function figures(results: readonly LoadResult[]): string {
    const of = (key: keyof LoadResult): number => median(results.map((result) => result[key]));
    const errors = results.reduce((sum, result) => sum + result.errors, 0);
    return (
        `${count(of('perSecond'))} /s, p50 ${count(of('p50Ms'))} ms, p99 ${count(of('p99Ms'))} ms` +
        ` (generator ${count(of('generatorCpuPercent'))} % CPU${errors > 0 ? `, ${errors} errors` : ''})`
    );
}

/** One load, in a process of its own. */
async function load(
    ports: readonly number[],
    parameters: Omit<LoadParameters, 'ports'>,
): Promise<LoadResult> {
    const { stdout } = await promisify(execFile)(process.execPath, [
        process.argv[1] ?? '',
        '--errand',
        'runLoad',
        JSON.stringify({ ...parameters, ports }),
    ]);
    return JSON.parse(stdout) as LoadResult;
}
