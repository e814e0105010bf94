import type { Measurements } from '../measurements.ts';
import { StoreError } from '../store.ts';
import type { Log, ProposeOptions } from './log.ts';

/**
 * A log that can be replaced by another while it is in use: a cluster of one that gets a second member. What
 * was proposed before goes through the old one to its end; what comes meanwhile waits for the new one.
 */
export class SwitchableLog<Command, Outcome> implements Log<Command, Outcome> {
    #current: Log<Command, Outcome>;
    readonly #measurements: Measurements | undefined;
    #switching: Promise<void> | undefined;
    #underWay = 0;
    #whenNoneUnderWay: (() => void) | undefined;
    #closed = false;

    constructor(log: Log<Command, Outcome>, measurements?: Measurements) {
        this.#current = log;
        this.#measurements = measurements;
    }

    async propose(command: Command, options: ProposeOptions): Promise<Outcome> {
        const measurements = this.#measurements;
        if (measurements === undefined) return await this.#propose(command, options);
        measurements.proposalsPending += 1;
        try {
            return await this.#propose(command, options);
        } catch (error) {
            measurements.noteRefusal(error);
            throw error;
        } finally {
            measurements.proposalsPending -= 1;
        }
    }

    async readBarrier(): Promise<void> {
        while (this.#switching !== undefined) await this.#switching;
        await this.#count(this.#current.readBarrier());
    }

    async runExclusive<T>(work: () => Promise<T>): Promise<T> {
        while (this.#switching !== undefined) await this.#switching;
        return await this.#count(this.#current.runExclusive(work));
    }

    /**
     * Drains and closes the log in use, with everything durable, and goes on with the one that `create` makes.
     * Rejects, and goes on with the old one, when what is held back cannot be written; when `create` rejects,
     * the store is without a log, and every call rejects with its error.
     */
    async replace(create: () => Promise<Log<Command, Outcome>>): Promise<void> {
        while (this.#switching !== undefined) await this.#switching;
        if (this.#closed) throw new StoreError('closed', 'the store is closed');
        const switching = this.#replace(create);
        this.#switching = switching.catch(() => undefined);
        try {
            await switching;
        } finally {
            this.#switching = undefined;
        }
    }

    async close(): Promise<void> {
        this.#closed = true;
        while (this.#switching !== undefined) await this.#switching;
        await this.#current.close();
    }

    async #propose(command: Command, options: ProposeOptions): Promise<Outcome> {
        while (this.#switching !== undefined) await this.#switching;
        return await this.#count(this.#current.propose(command, options));
    }

    async #replace(create: () => Promise<Log<Command, Outcome>>): Promise<void> {
        await this.#noneUnderWay();
        // Nothing that is applied may be in memory only when another log takes over.
        await this.#current.runExclusive(async () => {
            await Promise.resolve();
        });
        await this.#current.close();
        try {
            this.#current = await create();
        } catch (error) {
            this.#current = new FailedLog(error);
            throw error;
        }
    }

    async #count<T>(work: Promise<T>): Promise<T> {
        this.#underWay += 1;
        try {
            return await work;
        } finally {
            this.#underWay -= 1;
            if (this.#underWay === 0) this.#whenNoneUnderWay?.();
        }
    }

    async #noneUnderWay(): Promise<void> {
        if (this.#underWay === 0) return;
        await new Promise<void>((resolve) => {
            this.#whenNoneUnderWay = resolve;
        });
        this.#whenNoneUnderWay = undefined;
    }
}

/** Stands for the log that could not be made. */
class FailedLog<Command, Outcome> implements Log<Command, Outcome> {
    readonly #error: unknown;

    constructor(error: unknown) {
        this.#error = error;
    }

    async propose(): Promise<Outcome> {
        return await Promise.reject(this.#reason());
    }

    async readBarrier(): Promise<void> {
        await Promise.reject(this.#reason());
    }

    async runExclusive<T>(): Promise<T> {
        return await Promise.reject(this.#reason());
    }

    async close(): Promise<void> {
        await Promise.resolve();
    }

    #reason(): StoreError {
        if (this.#error instanceof StoreError) return this.#error;
        return new StoreError('io', 'the store lost its log', { cause: this.#error });
    }
}
