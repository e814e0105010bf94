import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { type ResourceTransformers, transformersFrom } from './resource-transformers.ts';

/** Editors write in several steps. */
const settleMs = 100;
/** For file systems that tell nothing of changes. */
const pollMs = 60_000;

export interface ConfigurationFollowerOptions {
    file: string;
    logger: Logger;
    apply(transformers: ResourceTransformers, text: string): void;
}

/**
 * Takes over changes of an encryption configuration. One that cannot be used changes nothing: it is logged, counted
 * and told by `problem` until there is a good one.
 */
export class ConfigurationFollower implements Stoppable {
    readonly #options: ConfigurationFollowerOptions;
    #applied: string;
    #watcher: FSWatcher | undefined;
    #poll: NodeJS.Timeout | undefined;
    #settle: NodeJS.Timeout | undefined;
    #problem: string | undefined;
    #busy: Promise<void> = Promise.resolve();

    /** `text` is what is in force already. */
    constructor(options: ConfigurationFollowerOptions, text: string) {
        this.#options = options;
        this.#applied = digest(text);
    }

    start(): void {
        const { file, logger } = this.#options;
        const check = (): void => {
            clearTimeout(this.#settle);
            this.#settle = setTimeout(() => void this.reload(), settleMs);
            this.#settle.unref();
        };
        try {
            // The directory: files are replaced, and may be links into directories that are.
            this.#watcher = watch(dirname(file), { persistent: false }, check);
            this.#watcher.on('error', (error) => {
                logger.warn(
                    { err: error, file },
                    'the encryption configuration is looked at only every minute',
                );
            });
        } catch (error) {
            logger.warn({ err: error, file }, 'the encryption configuration is looked at only every minute');
        }
        this.#poll = setInterval(() => void this.reload(), pollMs);
        this.#poll.unref();
    }

    stop(): void {
        this.#watcher?.close();
        clearInterval(this.#poll);
        clearTimeout(this.#settle);
    }

    /** Why the file as it is now is not in force; undefined when it is. */
    get problem(): string | undefined {
        return this.#problem;
    }

    /** Looks now; resolves when the file was taken over or was found to be unusable. */
    reload(): Promise<void> {
        this.#busy = this.#busy.then(async () => await this.#load());
        return this.#busy;
    }

    async #load(): Promise<void> {
        const { file, logger } = this.#options;
        try {
            const text = await readFile(file, 'utf8');
            if (digest(text) !== this.#applied) {
                this.#options.apply(await transformersFrom(text, file), text);
                this.#applied = digest(text);
                logger.info({ file }, 'encryption configuration taken over');
            }
            this.#problem = undefined;
        } catch (error) {
            const problem = error instanceof Error ? error.message : String(error);
            if (problem !== this.#problem) {
                logger.error({ file, reason: problem }, 'the encryption configuration is not taken over');
            }
            this.#problem = problem;
        }
    }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
