import { randomInt } from 'node:crypto';
import { StoreError, type Leases } from '../store.ts';
import type { Command, CommandOutcomes } from './command.ts';
import type { LeaseExpiry } from './lease-expiry.ts';
import type { LeaseTable } from './lease-table.ts';

/** Chosen identifiers are below it: what the random source gives at once. */
const chosenIdMax = 2 ** 48 - 1;

export interface StoreLeasesOptions {
    table: LeaseTable;
    expiry: LeaseExpiry;
    grant: (command: Extract<Command, { type: 'leaseGrant' }>) => Promise<CommandOutcomes['leaseGrant']>;
    revoke: (command: Extract<Command, { type: 'leaseRevoke' }>) => Promise<CommandOutcomes['leaseRevoke']>;
}

/**
 * The leases of the embedded store. What remains of a lease is known to the leader only: `keepAlive` and
 * `timeToLive` reject 'noLeader' on other members, whose callers have to ask there.
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
        this.#checkLeads();
        return await Promise.resolve(this.#options.expiry.keepAlive(id));
    }

    async timeToLive(
        id: number,
        options: { keys: boolean },
    ): Promise<{ ttlSeconds: number; grantedTtlSeconds: number; keys: string[] }> {
        this.#checkLeads();
        const { table, expiry } = this.#options;
        const lease = table.get(id);
        if (lease === undefined) return { ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] };
        return await Promise.resolve({
            ttlSeconds: Math.max(0, Math.floor(expiry.remainingMs(id) / 1_000)),
            grantedTtlSeconds: lease.ttlSeconds,
            keys: options.keys ? [...lease.keys].sort() : [],
        });
    }

    async list(): Promise<number[]> {
        return await Promise.resolve(this.#options.table.ids());
    }

    #checkLeads(): void {
        if (this.#options.expiry.leads) return;
        throw new StoreError(
            'noLeader',
            'this member does not lead: it does not know what remains of leases',
        );
    }
}
