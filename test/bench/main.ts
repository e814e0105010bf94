import { parseArgs } from 'node:util';
import { hyperkubeBinary } from '../harness/cluster.ts';
import { runErrand } from './inside/errand.ts';
import type { BenchOptions } from './options.ts';
import { api } from './parts/api.ts';
import { idle } from './parts/idle.ts';
import { library } from './parts/library.ts';
import { million } from './parts/million.ts';
import { idleEtcd } from './parts/idle-etcd.ts';
import { pods } from './parts/pods.ts';
import { proxy } from './parts/proxy.ts';
import { scheduler } from './parts/scheduler.ts';
import { start } from './parts/start.ts';
import { store } from './parts/store.ts';
import { machineName, printTable, progress, type Row } from './report.ts';

const parts: Readonly<Record<string, (options: BenchOptions) => Promise<Row[]>>> = {
    start,
    library,
    pods,
    idle,
    'idle-etcd': idleEtcd,
    store,
    api,
    scheduler,
    proxy,
    million,
};

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        minutes: { type: 'string', default: '5' },
        rounds: { type: 'string', default: '7' },
        /** What is compared with etcd, words separated by spaces. */
        ours: { type: 'string', default: `${process.execPath} ${hyperkubeBinary} etcd` },
        /** Of the part store: only the loads whose row has this text. */
        only: { type: 'string', default: '' },
        /** Of the part million: how many keys. */
        keys: { type: 'string', default: '1000000' },
        /** Internal: an errand in a machine's network, its parameters as JSON. */
        errand: { type: 'string' },
    },
});

if (values.errand === undefined) await measure();
else await runErrand(values.errand, positionals[0] ?? '{}');

async function measure(): Promise<void> {
    const options = {
        minutes: positive('minutes'),
        rounds: positive('rounds'),
        ours: values.ours.split(' '),
        only: values.only,
        keys: positive('keys'),
    };
    const chosen = positionals.length > 0 ? positionals : Object.keys(parts);
    const unknown = chosen.filter((name) => !(name in parts));
    if (unknown.length > 0)
        throw new TypeError(`unknown part ${unknown.join(', ')}: expected ${Object.keys(parts).join(', ')}`);
    const rows: Row[] = [];
    for (const name of chosen) {
        progress(`${name} ...`);
        try {
            rows.push(...((await parts[name]?.(options)) ?? []));
        } catch (error) {
            process.exitCode = 1;
            rows.push({ what: name, budget: '', measured: `failed: ${String(error).slice(0, 300)}` });
        }
    }
    process.stdout.write(`\n${machineName()}\n\n`);
    printTable(rows);
}

function positive(name: 'minutes' | 'rounds' | 'keys'): number {
    const value = Number(values[name]);
    if (!(value > 0)) throw new TypeError(`--${name}: "${values[name]}" is no positive number`);
    return value;
}
