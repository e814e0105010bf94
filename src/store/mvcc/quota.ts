import type { History } from './history.ts';

export interface QuotaOptions {
    quotaBytes: number;
    history: History;
    sizeBytes(): Promise<number>;
}

/**
 * Whether there is room below the quota. Asking the disk costs a look at every file, so what was written since
 * the last time is added to what was found then, and the disk is asked again only when that reaches the quota.
 */
export class Quota {
    readonly #options: QuotaOptions;
    #measured: { sizeBytes: number; writtenBytes: number } | undefined;
    #measuring: Promise<void> | undefined;

    constructor(options: QuotaOptions) {
        this.#options = options;
    }

    /** True at once, without waiting, as long as the quota is far. */
    hasRoom(bytes: number): boolean | Promise<boolean> {
        return this.#fits(bytes) || this.#measureAndCheck(bytes);
    }

    #fits(bytes: number): boolean {
        if (this.#measured === undefined) return false;
        const { quotaBytes, history } = this.#options;
        const { sizeBytes, writtenBytes } = this.#measured;
        return sizeBytes + history.writtenBytes - writtenBytes + bytes <= quotaBytes;
    }

    async #measureAndCheck(bytes: number): Promise<boolean> {
        this.#measuring ??= this.#measure();
        await this.#measuring;
        return this.#fits(bytes);
    }

    async #measure(): Promise<void> {
        const { writtenBytes } = this.#options.history;
        try {
            this.#measured = { sizeBytes: await this.#options.sizeBytes(), writtenBytes };
        } finally {
            this.#measuring = undefined;
        }
    }
}
