import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Machine } from './machine.ts';

/** Command lines of processes that mention a text. */
function processesWith(text: string): string[] {
    return readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
        .flatMap((pid) => {
            const line = fileText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
            return line.includes(text) ? [`${pid}: ${line}`] : [];
        });
}

/** Processes in a network namespace: they would keep it, and its interfaces, alive. */
function processesIn(networkNamespace: string): string[] {
    return readdirSync('/proc').filter((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
            return readlinkSync(`/proc/${pid}/ns/net`) === networkNamespace;
        } catch {
            return false;
        }
    });
}

function fileText(path: string): string {
    try {
        return readFileSync(path, 'utf8');
    } catch {
        return '';
    }
}

/** What a closed machine must not leave: processes, mounts, files, the namespace and what is in it. */
export function leftovers(machine: Machine): Record<string, string[]> {
    const { directory, name, networkNamespace } = machine;
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    return {
        processes: [...new Set([...processesWith(directory), ...processesIn(networkNamespace)])],
        mounts: mounts.filter((line) => line.includes(directory) || line.includes(`/netns/${name}`)),
        files: [directory, `/run/netns/${name}`].filter((path) => existsSync(path)),
    };
}

export function expectNothingLeft(machine: Machine): void {
    expect(leftovers(machine)).toEqual({ processes: [], mounts: [], files: [] });
}
