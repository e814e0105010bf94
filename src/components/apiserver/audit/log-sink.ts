import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { AuditSink } from './auditor.ts';
import { Throttle, type ThrottleSettings } from './throttle.ts';

export interface LogSinkOptions {
    /** "-" for standard output. */
    path: string;
    /** 0 keeps old files for ever. */
    maxAgeDays: number;
    /** 0 keeps all. */
    maxBackups: number;
    /** 0 is 100. */
    maxSizeMegabytes: number;
    /** Compresses files that are put aside. */
    compress?: boolean;
    /** How many events leave in what time where requests do not wait for them. Default: as many as there are. */
    throttle?: ThrottleSettings | undefined;
    clock: Clock;
    logger: Logger;
}

/** Lines wait this long for others, so that a card is written once for many. */
const flushDelayMs = 1_000;
const flushBytes = 64 * 1024;
/** What may wait for a slow disk; what comes then is dropped and counted. */
const bufferedBytesMax = 8 * 1024 * 1024;
const megabyte = 1024 * 1024;
const compressed = '.gz';
const sizeDefaultMegabytes = 100;
const dayMs = 86_400_000;

/**
 * The audit log as a file, one event a line. A file that would grow too large is put aside under a name with
 * the time, "audit-2026-01-31T10-20-30.123.log", and old ones are removed.
 *
 * Invariants: lines leave in order; at most `bufferedBytesMax` wait; one write is under way at a time.
 */
export class LogSink implements AuditSink {
    readonly name = 'log';
    readonly #options: LogSinkOptions;
    readonly #throttle: Throttle | undefined;
    /** Of those who wait for the lines that leave next. */
    #waiting: ((isWritten: boolean) => void)[] = [];
    #lines: string[] = [];
    #bytes = 0;
    #cancelTimer: (() => void) | undefined;
    #isStopping = false;
    #writing: Promise<void> | undefined;
    #file: { handle: FileHandle; bytes: number } | undefined;

    constructor(options: LogSinkOptions) {
        this.#options = options;
        this.#throttle = options.throttle && new Throttle(options.throttle, options.clock);
    }

    /** Opens the file, so that a path which cannot be written is noticed at start. */
    async open(): Promise<void> {
        if (this.#options.path !== '-') this.#file = await this.#openFile();
    }

    write(line: string): boolean {
        if (this.#bytes > bufferedBytesMax) return false;
        this.#lines.push(line);
        this.#bytes += line.length + 1;
        if (this.#bytes >= flushBytes) this.#flushNow();
        else {
            this.#cancelTimer ??= this.#options.clock.setTimer(flushDelayMs, () => {
                this.#flushNow();
            });
        }
        return true;
    }

    /** Whatever comes while a write is under way leaves with the next one. */
    async writeThrough(line: string): Promise<boolean> {
        this.#lines.push(line);
        this.#bytes += line.length + 1;
        const written = new Promise<boolean>((resolve) => this.#waiting.push(resolve));
        this.#flushNow();
        return await written;
    }

    async stop(): Promise<void> {
        this.#isStopping = true;
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        while (this.#lines.length > 0 || this.#writing !== undefined) {
            this.#flushNow();
            await this.#writing;
        }
        await this.#file?.handle.close();
        this.#file = undefined;
    }

    #flushNow(): void {
        if (this.#writing !== undefined || this.#lines.length === 0) return;
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        const lines = this.#takeLines();
        if (lines.length === 0) {
            this.#schedule();
            return;
        }
        const text = Buffer.from(`${lines.join('\n')}\n`);
        const waiting = this.#waiting;
        this.#waiting = [];
        this.#writing = this.#append(text)
            .then(() => true)
            .catch((error: unknown) => {
                this.#options.logger.error({ err: error }, 'the audit log could not be written');
                return false;
            })
            .then((isWritten) => {
                this.#writing = undefined;
                for (const resolve of waiting) resolve(isWritten);
                const isUrgent = this.#bytes >= flushBytes && this.#throttle === undefined;
                if (isUrgent || this.#waiting.length > 0) this.#flushNow();
                else if (this.#lines.length > 0) this.#schedule();
            });
    }

    /** All that wait; where they are throttled, and nobody waits for them, as many as may leave now. */
    #takeLines(): string[] {
        const isFree = this.#throttle === undefined || this.#waiting.length > 0 || this.#isStopping;
        const count = isFree ? this.#lines.length : this.#throttle.takeNow(this.#lines.length);
        const lines = this.#lines.splice(0, count);
        this.#bytes = this.#lines.reduce((sum, line) => sum + line.length + 1, 0);
        return lines;
    }

    #schedule(): void {
        this.#cancelTimer ??= this.#options.clock.setTimer(flushDelayMs, () => {
            this.#flushNow();
        });
    }

    async #append(text: Buffer): Promise<void> {
        if (this.#options.path === '-') {
            await new Promise<void>((resolve) => {
                process.stdout.write(text, () => {
                    resolve();
                });
            });
            return;
        }
        this.#file ??= await this.#openFile();
        const bytesMax = (this.#options.maxSizeMegabytes || sizeDefaultMegabytes) * megabyte;
        if (this.#file.bytes > 0 && this.#file.bytes + text.length > bytesMax) await this.#rotate();
        this.#file ??= await this.#openFile();
        await this.#file.handle.appendFile(text);
        this.#file.bytes += text.length;
    }

    async #openFile(): Promise<{ handle: FileHandle; bytes: number }> {
        const { path } = this.#options;
        await mkdir(dirname(path), { recursive: true });
        const handle = await open(path, 'a', 0o600);
        return { handle, bytes: (await handle.stat()).size };
    }

    async #rotate(): Promise<void> {
        const { path, clock } = this.#options;
        await this.#file?.handle.close();
        this.#file = undefined;
        const time = new Date(clock.nowMs()).toISOString().replaceAll(':', '-').slice(0, -1);
        const extension = extname(path);
        const stem = basename(path, extension);
        const aside = join(dirname(path), `${stem}-${time}${extension}`);
        await rename(path, aside);
        if (this.#options.compress === true) await compressFile(aside);
        await this.#removeOld(stem, extension);
    }

    async #removeOld(stem: string, extension: string): Promise<void> {
        const { path, maxAgeDays, maxBackups, clock } = this.#options;
        const directory = dirname(path);
        const time = String.raw`\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}`;
        const pattern = new RegExp(`^${time}$`);
        const backups = (await readdir(directory))
            .filter((name) => {
                const plain = name.endsWith(compressed) ? name.slice(0, -compressed.length) : name;
                return (
                    plain.startsWith(`${stem}-`) &&
                    plain.endsWith(extension) &&
                    pattern.test(plain.slice(stem.length + 1, plain.length - extension.length))
                );
            })
            .sort()
            .reverse();
        for (const [index, name] of backups.entries()) {
            const file = join(directory, name);
            const isTooMany = maxBackups > 0 && index >= maxBackups;
            const isTooOld =
                maxAgeDays > 0 && (await stat(file)).mtimeMs < clock.nowMs() - maxAgeDays * dayMs;
            if (isTooMany || isTooOld) await rm(file, { force: true });
        }
    }
}

async function compressFile(path: string): Promise<void> {
    await pipeline(
        createReadStream(path),
        createGzip(),
        createWriteStream(path + compressed, { mode: 0o600 }),
    );
    await rm(path);
}
