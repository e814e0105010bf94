import type { Clock } from '../../../util/clock.ts';

const retryAfterSecondsMax = 32;
/** A level that refuses this many times its current delay within a second is asked less often. */
const increaseFactor = 3;
const secondMs = 1000;

/**
 * How long a refused client is told to wait: doubled while a level refuses a lot, halved when it refuses
 * less than a request for each second of the delay.
 */
export class RetryAfter {
    readonly #clock: Clock;
    #seconds = 1;
    #dropped = 0;
    #sinceMs: number;

    constructor(clock: Clock) {
        this.#clock = clock;
        this.#sinceMs = clock.monotonicMs();
    }

    /** Notes one refusal. @returns whole seconds for the `Retry-After` header */
    noteRefusal(): number {
        const nowMs = this.#clock.monotonicMs();
        const elapsed = Math.floor((nowMs - this.#sinceMs) / secondMs);
        if (elapsed > 0) {
            this.#adapt(elapsed);
            this.#sinceMs = nowMs;
            this.#dropped = 0;
        }
        this.#dropped++;
        return this.#seconds;
    }

    #adapt(elapsedSeconds: number): void {
        const perSecond = this.#dropped / elapsedSeconds;
        if (perSecond >= increaseFactor * this.#seconds) {
            this.#seconds = Math.min(this.#seconds * 2, retryAfterSecondsMax);
        } else if (perSecond < this.#seconds) {
            // Quiet seconds halve the delay one after the other.
            this.#seconds = Math.max(1, Math.floor(this.#seconds / 2 ** Math.min(elapsedSeconds, 6)));
        }
    }
}
