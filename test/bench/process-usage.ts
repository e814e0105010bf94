import { readFileSync } from 'node:fs';

/** What one process has used since its start. */
export interface Usage {
    rssBytes: number;
    /** User and system time of all its threads. */
    cpuMs: number;
    /** Bytes of pages it made dirty, which is what reaches the disk (whole pages, metadata not counted). */
    writtenBytes: number;
    /** Bytes it passed to write calls, sockets included. */
    passedBytes: number;
}

/** Clock ticks a second in /proc: fixed by the kernel's interface. */
const ticksPerSecond = 100;

export function usageOf(pid: number): Usage {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name is in parentheses and may have spaces: fields count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
        rssBytes: numberIn(status, 'VmRSS') * 1024,
        cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond,
        writtenBytes: numberIn(io, 'write_bytes') - numberIn(io, 'cancelled_write_bytes'),
        passedBytes: numberIn(io, 'wchar'),
    };
}

function numberIn(text: string, name: string): number {
    const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`no ${name} among the process's figures`);
    return Number(value);
}
