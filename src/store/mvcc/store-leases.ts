import { randomInt } from 'node:crypto';
import { StoreError, type Leases } from '../store.ts';
import type { Command, CommandOutcomes } from './command.ts';
import type { LeaseExpiry } from './lease-expiry.ts';
import type { LeaseTable } from './lease-table.ts';

/** What only the leader knows. */
export type LeaseQuestion =
    { type: 'keepAlive'; id: number } | { type: 'timeToLive'; id: number; keys: boolean };
export interface LeaseAnswers {
    keepAlive: number;
    timeToLive: Awaited<ReturnType<Leases['timeToLive']>>;
}
export type LeaseAnswer = LeaseAnswers[keyof LeaseAnswers];
/** Puts a question to the member that leads; its answer fits the question. Rejects with StoreError. */
export type AskLeader = (question: LeaseQuestion) => Promise<LeaseAnswer>;

/** Chosen identifiers are below it: what the random source gives at once. */
const chosenIdMax = 2 ** 48 - 1;

export interface StoreLeasesOptions {
    table: LeaseTable;
    expiry: LeaseExpiry;
    grant: (command: Extract<Command, { type: 'leaseGrant' }>) => Promise<CommandOutcomes['leaseGrant']>;
    revoke: (command: Extract<Command, { type: 'leaseRevoke' }>) => Promise<CommandOutcomes['leaseRevoke']>;
    /** Absent where there is no other member. */
    askLeader?: AskLeader | undefined;
}

/**
 * The leases of the embedded store. What remains of a lease is known to the leader only, which other members
 * ask for it.
 */
export class StoreLeases implements Leases {
    readonly #options: StoreLeasesOptions;

    constructor(options: StoreLeasesOptions) {
        this.#options = options;
    }

    async grant(request: { id: number; ttlSeconds: number }): Promise<{ id: number; ttlSeconds: number }> {
        const { ttlSeconds } = request;
        if (request.id !== 0) {
            return await this.#options.grant({ type: 'leaseGrant', id: request.id, ttlSeconds });
        }
        for (;;) {
            const id = randomInt(1, chosenIdMax);
            try {
                return await this.#options.grant({ type: 'leaseGrant', id, ttlSeconds });
            } catch (error) {
                if (!(error instanceof StoreError) || error.reason !== 'leaseExists') throw error;
            }
        }
    }

    async revoke(id: number): Promise<{ revision: number }> {
        return await this.#options.revoke({ type: 'leaseRevoke', id });
    }

    async keepAlive(id: number): Promise<number> {
        return (await this.#ask({ type: 'keepAlive', id })) as number;
    }

    async timeToLive(
        id: number,
        options: { keys: boolean },
    ): Promise<{ ttlSeconds: number; grantedTtlSeconds: number; keys: string[] }> {
        return (await this.#ask({ type: 'timeToLive', id, ...options })) as LeaseAnswers['timeToLive'];
    }

    async list(): Promise<number[]> {
        return await Promise.resolve(this.#options.table.ids());
    }

    /** The answer to another member. Throws 'noLeader' when this one does not lead, either. */
    answer(question: LeaseQuestion): LeaseAnswer {
        const { table, expiry } = this.#options;
        if (!expiry.leads) throw new StoreError('noLeader', 'this member does not lead');
        const { id } = question;
        if (question.type === 'keepAlive') return expiry.keepAlive(id);
        const lease = table.get(id);
        if (lease === undefined) return { ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] };
        return {
            ttlSeconds: Math.max(0, Math.floor(expiry.remainingMs(id) / 1_000)),
            grantedTtlSeconds: lease.ttlSeconds,
            keys: question.keys ? [...lease.keys].sort() : [],
        };
    }

    async #ask(question: LeaseQuestion): Promise<LeaseAnswer> {
        const { expiry, askLeader } = this.#options;
        if (expiry.leads || askLeader === undefined) return await Promise.resolve(this.answer(question));
        return await askLeader(question);
    }
}
