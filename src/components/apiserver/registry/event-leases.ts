import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { type Leases, StoreError } from '../../../store/store.ts';
import type { Clock } from '../../../util/clock.ts';

/** How long events are kept by default: upstream's. */
export const eventTtlMsDefault = 3_600_000;
/** A lease is shared by what is written within this time, or within a twentieth of its time to live. */
export const leaseReuseSecondsMax = 60;
const leaseReuseFractionMax = 0.05;
/** Writes that share one lease, so that none takes too many objects with it when it ends. */
export const leaseObjectsMax = 1_000;

export interface EventLeasesOptions {
    leases: Pick<Leases, 'grant'>;
    clock: Clock;
    /** How long an event is kept after it was written last; 0 for ever. */
    ttlMs: number;
}

interface SharedLease {
    id: number;
    /** On the monotonic clock: from then on, what is attached to it would end too early. */
    reusableUntilMs: number;
    objects: number;
}

/**
 * The leases that let events expire. Events written within a short time share one, as upstream's: a lease of
 * their time to live plus the time in which it is shared, so that none is gone early, and a burst of events costs
 * the store one further write.
 */
export class EventLeases {
    readonly #options: EventLeasesOptions;
    readonly #ttlSeconds: number;
    #shared: SharedLease | undefined;
    #granting: Promise<void> | undefined;

    constructor(options: EventLeasesOptions) {
        this.#options = options;
        this.#ttlSeconds = Math.floor(options.ttlMs / 1_000);
    }

    /**
     * Runs a write with the lease that the object is to be attached to; 0 for what stays until it is deleted.
     * Where the lease has ended meanwhile, the write runs once more with a fresh one.
     */
    async attach<T>(definition: ResourceDefinition, write: (lease: number) => Promise<T>): Promise<T> {
        if (this.#ttlSeconds === 0 || !isEvent(definition)) return await write(0);
        const id = await this.#lease();
        try {
            return await write(id);
        } catch (error) {
            if (!(error instanceof StoreError) || error.reason !== 'leaseNotFound') throw error;
            if (this.#shared?.id === id) this.#shared = undefined;
            return await write(await this.#lease());
        }
    }

    async #lease(): Promise<number> {
        for (;;) {
            const shared = this.#shared;
            if (shared !== undefined && this.#isUsable(shared)) {
                shared.objects += 1;
                return shared.id;
            }
            this.#granting ??= this.#grant().finally(() => {
                this.#granting = undefined;
            });
            await this.#granting;
        }
    }

    #isUsable({ objects, reusableUntilMs }: SharedLease): boolean {
        return objects < leaseObjectsMax && this.#options.clock.monotonicMs() < reusableUntilMs;
    }

    async #grant(): Promise<void> {
        const { leases, clock } = this.#options;
        const beganMs = clock.monotonicMs();
        const reuseSeconds = Math.max(
            1,
            Math.floor(Math.min(leaseReuseSecondsMax, this.#ttlSeconds * leaseReuseFractionMax)),
        );
        const { id } = await leases.grant({ id: 0, ttlSeconds: this.#ttlSeconds + reuseSeconds });
        this.#shared = { id, reusableUntilMs: beganMs + reuseSeconds * 1_000, objects: 0 };
    }
}

/** Of either version: they are the same objects. */
function isEvent({ group, plural }: ResourceDefinition): boolean {
    return plural === 'events' && (group === '' || group === 'events.k8s.io');
}
