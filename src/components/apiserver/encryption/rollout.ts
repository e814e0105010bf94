import type { Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { fingerprintOf, type SharedConfiguration } from './shared-configuration.ts';

/** How often is looked, while another master cannot read yet or the store does not answer. */
const retryMs = 5_000;

export interface RolloutOptions {
    shared: SharedConfiguration;
    /** The configuration in force on this master. */
    text: () => string;
    /** This member, as the others know it; empty where members are not known (etcd). */
    self: string;
    /** All members that must be able to read before one writes. */
    members: () => readonly { id: string; name: string }[];
    /** This master writes with it already. */
    inUse: boolean;
    /** From now on every member can read: begin to write. */
    begin: () => void;
    logger: Logger;
    clock: Clock;
}

/**
 * Brings the configuration to all masters: puts it into the store, says that this one reads it, and begins to write
 * with it when all have said so. A master of an older version never does: until it is replaced, Secrets of a cluster
 * that had no key stay in clear, where it can read them.
 */
export class Rollout implements Stoppable {
    readonly #options: RolloutOptions;
    #isWriting: boolean;
    #isStopped = false;
    #cancelTimer: (() => void) | undefined;
    #running = Promise.resolve();
    #waitingFor = '';

    constructor(options: RolloutOptions) {
        this.#options = options;
        this.#isWriting = options.inUse;
    }

    /** Looks now, and again until there is nothing left to do; also to be called when the configuration has changed. */
    start(): void {
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        this.#running = this.#running.then(async () => {
            if (!this.#isStopped && !(await this.#step())) {
                this.#cancelTimer = this.#options.clock.setTimer(retryMs, () => {
                    this.start();
                });
            }
        });
    }

    async stop(): Promise<void> {
        this.#isStopped = true;
        this.#cancelTimer?.();
        await this.#running;
        this.#cancelTimer?.();
    }

    /** True when all is done. */
    async #step(): Promise<boolean> {
        const { shared, self, logger } = this.#options;
        const text = this.#options.text();
        const fingerprint = fingerprintOf(text);
        try {
            const record = await shared.read();
            const inUse = this.#isWriting || record?.inUse === true;
            const isSame = record?.fingerprint === fingerprint && record.text !== undefined;
            if (!isSame || record.inUse !== inUse) {
                if (!(await shared.write(text, { inUse, revision: record?.revision ?? 0 }))) return false;
            }
            if (self !== '') await shared.announce(self, fingerprint);
            if (!inUse) {
                if (!(await this.#allRead(fingerprint))) return false;
                const latest = await shared.read();
                if (latest?.fingerprint !== fingerprint) return false;
                if (!(await shared.write(text, { inUse: true, revision: latest.revision }))) return false;
            }
            this.#begin();
            return true;
        } catch (error) {
            logger.debug({ err: error }, 'the encryption configuration could not be shared yet');
            return false;
        }
    }

    #begin(): void {
        if (this.#isWriting) return;
        this.#isWriting = true;
        this.#options.begin();
        this.#options.logger.info('all masters have the key: Secrets are encrypted from now on');
    }

    async #allRead(fingerprint: string): Promise<boolean> {
        const { shared, members, logger } = this.#options;
        const readers = await shared.readers(fingerprint);
        const missing = members().filter(({ id }) => !readers.has(id));
        const names = missing.map(({ id, name }) => name || id).join(', ');
        if (names !== this.#waitingFor && names !== '') {
            logger.warn(
                { masters: names },
                'Secrets are stored in clear until these masters have the key: restart them with this version',
            );
        }
        this.#waitingFor = names;
        return missing.length === 0;
    }
}
