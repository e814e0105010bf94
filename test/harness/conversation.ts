import type { ChildProcess } from 'node:child_process';
import { eventually } from './machine.ts';
import { endProcess } from './processes.ts';

/** A program that goes on beside the test: what it has written so far, and a way to type to it. */
export class Conversation {
    readonly #child: ChildProcess;
    readonly #ended: Promise<number>;
    #output = '';

    constructor(child: ChildProcess) {
        this.#child = child;
        const collect = (chunk: Buffer): void => {
            this.#output += chunk.toString();
        };
        child.stdout?.on('data', collect);
        child.stderr?.on('data', collect);
        child.stdin?.on('error', () => undefined);
        this.#ended = new Promise((resolve) =>
            child.once('close', (code) => {
                resolve(code ?? -1);
            }),
        );
    }

    /** Standard output and standard error, as they came. */
    get output(): string {
        return this.#output;
    }

    /** Waits until the output matches; gives the match. */
    async until(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
        try {
            return await eventually(
                `output matches ${String(pattern)}`,
                () => Promise.resolve(pattern.exec(this.#output) ?? undefined),
                timeoutMs,
            );
        } catch (error) {
            throw new Error(`no ${String(pattern)} in the output:\n${this.#output}`, { cause: error });
        }
    }

    type(text: string): void {
        this.#child.stdin?.write(text);
    }

    endInput(): void {
        this.#child.stdin?.end();
    }

    /** Waits for the program's own end; gives its exit code. */
    async ended(): Promise<number> {
        return await this.#ended;
    }

    /** Ends the program. */
    async end(): Promise<void> {
        await endProcess(this.#child, 3000);
        await this.#ended;
    }
}
