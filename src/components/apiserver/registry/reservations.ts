import type { ApiObject } from '../../../api/meta/object.ts';
import type { Reservation, ReservationGuard } from '../extensions.ts';
import { hooksOf, type Registry, type Target } from './registry.ts';

/** What the hooks hold for one write. Whoever makes it calls `release` in every case. */
export class Reservations {
    #held: Reservation[] = [];

    /** Asks every hook of the target's resource; `old` is undefined for a creation. */
    async reserve(registry: Registry, target: Target, object: ApiObject, old?: ApiObject): Promise<void> {
        for (const hook of hooksOf(registry, target.definition)) {
            this.#held.push(
                old === undefined
                    ? await hook.reserveForCreate(object)
                    : await hook.reserveForUpdate(object, old),
            );
        }
    }

    get guards(): ReservationGuard[] {
        return this.#held.flatMap(({ guard }) => (guard === undefined ? [] : [guard]));
    }

    release(): void {
        for (const reservation of this.#held.reverse()) reservation.release();
        this.#held = [];
    }
}
