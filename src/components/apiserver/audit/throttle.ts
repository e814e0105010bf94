import type { Clock } from '../../../util/clock.ts';

export interface ThrottleSettings {
    perSecond: number;
    /** How many may leave at once after a time of rest. */
    burst: number;
}

/** Says how long what leaves has to wait, so that no more leaves than the settings allow. */
export class Throttle {
    readonly #settings: ThrottleSettings;
    readonly #clock: Pick<Clock, 'monotonicMs'>;
    /** Below zero: taken by those who wait. */
    #tokens: number;
    #filledAtMs: number;

    constructor(settings: ThrottleSettings, clock: Pick<Clock, 'monotonicMs'>) {
        this.#settings = settings;
        this.#clock = clock;
        this.#tokens = settings.burst;
        this.#filledAtMs = clock.monotonicMs();
    }

    /** Takes as many places as there are now, `count` at most; gives how many. */
    takeNow(count: number): number {
        this.#fill();
        const taken = Math.min(count, Math.max(0, Math.floor(this.#tokens)));
        this.#tokens -= taken;
        return taken;
    }

    /** Takes one place; it is there after this many milliseconds. */
    takeMs(): number {
        this.#fill();
        this.#tokens -= 1;
        return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#settings.perSecond) * 1000);
    }

    #fill(): void {
        const { perSecond, burst } = this.#settings;
        const nowMs = this.#clock.monotonicMs();
        this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * perSecond);
        this.#filledAtMs = nowMs;
    }
}
