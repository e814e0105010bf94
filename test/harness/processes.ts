import { execFile, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export interface CommandResult {
    stdout: string;
    stderr: string;
    code: number;
}

export interface RunOptions {
    input?: string;
    env?: Readonly<Record<string, string>>;
    timeoutMs?: number;
}

/** Runs a program to its end; never rejects for an exit code. */
export async function runProgram(
    file: string,
    args: readonly string[],
    options: RunOptions = {},
): Promise<CommandResult> {
    const promise = execFileAsync(file, args, {
        env: { ...process.env, ...options.env },
        maxBuffer: 64 * 1024 * 1024,
        timeout: options.timeoutMs ?? 120_000,
        killSignal: 'SIGKILL',
    });
    promise.child.stdin?.on('error', () => undefined);
    promise.child.stdin?.end(options.input ?? '');
    try {
        const { stdout, stderr } = await promise;
        return { stdout, stderr, code: 0 };
    } catch (error) {
        const {
            stdout = '',
            stderr = '',
            code,
        } = error as {
            stdout?: string;
            stderr?: string;
            code?: unknown;
        };
        return { stdout, stderr: stderr || String(error), code: typeof code === 'number' ? code : 1 };
    }
}

export interface ProcessEntry {
    pid: number;
    parent: number;
    /** As /proc/PID/stat has it: `Z` is dead, not yet collected by its parent. */
    state: string;
    commandLine: string;
}

export function listProcesses(): ProcessEntry[] {
    return readdirSync('/proc').flatMap((name) => {
        if (!/^\d+$/.test(name)) return [];
        try {
            const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
            const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
            const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8');
            return [{ pid: Number(name), parent: Number(parent), state, commandLine }];
        } catch {
            return []; // It ended while it was read.
        }
    });
}

export function killPid(pid: number): void {
    try {
        process.kill(pid, 'SIGKILL');
    } catch {
        // It ended first.
    }
}

export async function endProcess(child: ChildProcess, graceMs = 15_000): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) =>
        child.once('exit', () => {
            resolve();
        }),
    );
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
}

/** SIGKILL, and waits for the end. */
export async function killProcess(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
}

/** Closes the standard input of a program that ends with it, and waits for its end. */
export async function inputEnded(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await ended;
}
