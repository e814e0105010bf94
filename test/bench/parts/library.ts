import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BenchOptions } from '../options.ts';
import { row, spread, type Row } from '../report.ts';

interface Start {
    importMs: number;
    startMs: number;
    cpuMs: number;
}

/** What a program that uses the library does first, in a process of its own: nothing is warm. */
const program = `
    const begin = performance.now();
    const { startApiServer } = await import('hyperkube');
    const imported = performance.now();
    const before = process.cpuUsage();
    const server = await startApiServer();
    const startMs = performance.now() - imported;
    const { user, system } = process.cpuUsage(before);
    await server.close();
    console.log(JSON.stringify({ importMs: imported - begin, startMs, cpuMs: (user + system) / 1000 }));
`;

/** How long `startApiServer()` of the library takes after its import. */
export async function library({ rounds }: BenchOptions): Promise<Row[]> {
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round += 1) {
        const args = ['--input-type=module', '--eval', program];
        const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: process.cwd() });
        starts.push(JSON.parse(stdout) as Start);
    }
    const of = (key: keyof Start): number[] => starts.map((each) => each[key]);
    return [
        row('library: startApiServer() after its import', '300 ms', spread(of('startMs'), 'ms')),
        row('library: CPU time of it', '', spread(of('cpuMs'), 'ms')),
        row('library: import', '', spread(of('importMs'), 'ms')),
    ];
}
