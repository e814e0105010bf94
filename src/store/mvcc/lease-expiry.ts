import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { leaseNotFound, type Lease, type LeaseTable } from './lease-table.ts';

/** How often expired leases are looked for, at most. */
export const leaseCheckIntervalMs = 500;
/** Leases revoked at one check; more wait for the next one. */
export const leaseRevocationsMax = 500;

export interface LeaseExpiryOptions {
    table: LeaseTable;
    clock: Clock;
    logger: Logger;
    /** Proposes the revocation. */
    revoke(id: number): Promise<unknown>;
}

/**
 * Lets leases expire, on the one member that leads. Deadlines are in memory only and count on the monotonic
 * clock: keeping a lease alive costs no write, and a new leader, who does not know when each lease was kept
 * alive last, grants all of them their full time anew.
 *
 * One timer, set for the earliest deadline; when it fires, everything is looked through once.
 */
export class LeaseExpiry {
    readonly #options: LeaseExpiryOptions;
    readonly #deadlines = new Map<number, number>();
    readonly #revoking = new Set<number>();
    #timer: { dueMs: number; cancel: () => void } | undefined;
    #leads = false;

    constructor(options: LeaseExpiryOptions) {
        this.#options = options;
    }

    get leads(): boolean {
        return this.#leads;
    }

    /** From now on it is this member that decides; also to be called when the table was replaced. */
    lead(): void {
        this.follow();
        this.#leads = true;
        for (const lease of this.#options.table.values()) this.#extend(lease);
    }

    follow(): void {
        this.#leads = false;
        this.#deadlines.clear();
        this.#timer?.cancel();
        this.#timer = undefined;
    }

    granted(id: number): void {
        const lease = this.#options.table.get(id);
        if (this.#leads && lease !== undefined) this.#extend(lease);
    }

    revoked(id: number): void {
        this.#deadlines.delete(id);
    }

    /** Starts the time to live anew; throws 'leaseNotFound', also for a lease that has run out. */
    keepAlive(id: number): number {
        const lease = this.#options.table.get(id);
        if (lease === undefined || this.remainingMs(id) <= 0 || this.#revoking.has(id)) {
            throw leaseNotFound(id);
        }
        this.#extend(lease);
        return lease.ttlSeconds;
    }

    remainingMs(id: number): number {
        const deadlineMs = this.#deadlines.get(id);
        return deadlineMs === undefined ? 0 : deadlineMs - this.#options.clock.monotonicMs();
    }

    #extend(lease: Lease): void {
        const deadlineMs = this.#options.clock.monotonicMs() + lease.ttlSeconds * 1_000;
        this.#deadlines.set(lease.id, deadlineMs);
        this.#arm(deadlineMs);
    }

    #arm(dueMs: number): void {
        if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
        this.#timer?.cancel();
        const { clock } = this.#options;
        const delayMs = Math.min(Math.max(dueMs - clock.monotonicMs(), 0), timerDelayMaxMs);
        const cancel = clock.setTimer(delayMs, () => {
            this.#timer = undefined;
            this.#check();
        });
        this.#timer = { dueMs, cancel };
    }

    #check(): void {
        const nowMs = this.#options.clock.monotonicMs();
        let next = Infinity;
        let started = 0;
        for (const [id, deadlineMs] of this.#deadlines) {
            if (deadlineMs > nowMs) {
                next = Math.min(next, deadlineMs);
            } else if (this.#revoking.has(id) || started === leaseRevocationsMax) {
                next = nowMs;
            } else {
                started += 1;
                next = nowMs;
                void this.#revoke(id);
            }
        }
        if (next !== Infinity) this.#arm(Math.max(next, nowMs + leaseCheckIntervalMs));
    }

    /** When it fails, the next check tries again. */
    async #revoke(id: number): Promise<void> {
        this.#revoking.add(id);
        try {
            await this.#options.revoke(id);
        } catch (error) {
            this.#options.logger.debug({ err: error, lease: id }, 'cannot revoke an expired lease yet');
        } finally {
            this.#revoking.delete(id);
        }
    }
}

/** Longer timers overflow; one that fires early is set again. */
const timerDelayMaxMs = 2 ** 31 - 1;
