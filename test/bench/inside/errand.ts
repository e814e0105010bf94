import { fileURLToPath } from 'node:url';
import { expectSuccess } from '../../harness/cluster.ts';
import type { Machine } from '../../harness/machine.ts';
import { runLoad } from '../etcd-load/loads.ts';
import { measureOpen } from './measure-open.ts';
import { measurePods } from './measure-pods.ts';
import { measureStarts } from './measure-starts.ts';
import { fillNode } from './fill-node.ts';

const errands = { measureStarts, measurePods, fillNode, measureOpen, runLoad } as const;
type Errands = typeof errands;

const errandTimeoutMs = 15 * 60_000;

/** Runs one of the functions beside this file as a process in a machine's network; gives its result. */
export async function inside<Name extends keyof Errands>(
    machine: Machine,
    name: Name,
    parameters: Parameters<Errands[Name]>[0],
): Promise<Awaited<ReturnType<Errands[Name]>>> {
    const script = process.argv[1] ?? fileURLToPath(import.meta.url);
    const result = await machine.run(
        process.execPath,
        [script, '--errand', name, JSON.stringify(parameters)],
        { timeoutMs: errandTimeoutMs },
    );
    return JSON.parse(expectSuccess(result, name)) as Awaited<ReturnType<Errands[Name]>>;
}

/** The other side of `inside`: the result goes to standard output. */
export async function runErrand(name: string, parameters: string): Promise<void> {
    const errand = (
        errands as Readonly<Record<string, ((parameters: never) => Promise<unknown>) | undefined>>
    )[name];
    if (errand === undefined) throw new TypeError(`no errand ${name}`);
    const result = await errand(JSON.parse(parameters) as never);
    process.stdout.write(JSON.stringify(result));
    process.exit(0);
}
