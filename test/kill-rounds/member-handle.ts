import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Instruction, MemberReport, ProcessConfig } from './protocol.ts';

/** Longest wait for an answer of a member. */
const patienceMs = 60_000;

type ReportOf<T extends MemberReport['type']> = Extract<MemberReport, { type: T }>;

/** A member in a process of its own. */
export class MemberHandle {
    readonly name: string;
    readonly written: string[] = [];
    readonly #child: ChildProcess;
    readonly #waiting: {
        type: string;
        resolve: (report: MemberReport) => void;
        reject: (error: Error) => void;
    }[] = [];
    /** All that it said before it died has been read. */
    readonly #ended: Promise<unknown>;

    constructor(config: ProcessConfig, program: string) {
        this.name = config.name;
        this.#child = spawn(process.execPath, ['--enable-source-maps', program, JSON.stringify(config)], {
            stdio: ['pipe', 'pipe', 'inherit'],
        });
        this.#child.stdin?.on('error', () => undefined);
        const { stdout } = this.#child;
        if (stdout === null) throw new Error('no output of the member');
        const lines = createInterface({ input: stdout });
        lines.on('line', (line) => {
            this.#received(JSON.parse(line) as MemberReport);
        });
        this.#ended = once(lines, 'close');
        void this.#ended.then(() => {
            for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${this.name} has ended`));
        });
    }

    tell(instruction: Instruction): void {
        this.#child.stdin?.write(`${JSON.stringify(instruction)}\n`);
    }

    async ask<T extends MemberReport['type']>(instruction: Instruction, type: T): Promise<ReportOf<T>> {
        const answer = this.next(type);
        this.tell(instruction);
        return await answer;
    }

    /** The next report of this type; rejects when the member fails or ends before. */
    async next<T extends MemberReport['type']>(type: T): Promise<ReportOf<T>> {
        let timer: NodeJS.Timeout | undefined;
        try {
            return (await new Promise<MemberReport>((resolve, reject) => {
                this.#waiting.push({ type, resolve, reject });
                timer = setTimeout(() => {
                    reject(new Error(`${this.name} said nothing of "${type}" in time`));
                }, patienceMs);
            })) as ReportOf<T>;
        } finally {
            clearTimeout(timer);
        }
    }

    /** Resolves when it is dead and everything it said has been read. */
    async kill(): Promise<void> {
        this.#child.kill('SIGKILL');
        await this.#ended;
    }

    #received(report: MemberReport): void {
        if (report.type === 'written') this.written.push(report.key);
        const index = this.#waiting.findIndex(({ type }) => type === report.type || report.type === 'failed');
        const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
        if (report.type === 'failed') waiting?.reject(new Error(`${this.name}: ${report.error}`));
        else waiting?.resolve(report);
    }
}
