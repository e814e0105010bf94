import type { Clock } from '../../../util/clock.ts';
import { tickMs } from './pace.ts';

/** Ticks that are made up for at once; the rest of a longer pause is as though it had not been. */
export const catchUpTicksMax = 3;

/**
 * Turns time into ticks. When the process was held up, what has arrived meanwhile is processed first: a leader
 * that sent its heartbeats in time must not be deposed because they were read late.
 */
export class Ticker {
    readonly #clock: Clock;
    readonly #tick: () => void;
    /** Hands over what has arrived. */
    readonly #deliver: () => void;
    #lastMs: number;
    #cancel: (() => void) | undefined;
    #state: 'running' | 'stopped' = 'running';

    constructor(clock: Clock, { tick, deliver }: { tick: () => void; deliver: () => void }) {
        this.#clock = clock;
        this.#tick = tick;
        this.#deliver = deliver;
        this.#lastMs = clock.monotonicMs();
        this.#arm();
    }

    stop(): void {
        this.#state = 'stopped';
        this.#cancel?.();
    }

    #isRunning(): boolean {
        return this.#state === 'running';
    }

    #arm(): void {
        const nextMs = this.#lastMs + tickMs;
        this.#cancel = this.#clock.setTimer(nextMs - this.#clock.monotonicMs(), () => {
            const lateMs = this.#clock.monotonicMs() - nextMs;
            if (lateMs < tickMs) this.#run();
            else
                afterInput(() => {
                    this.#run();
                });
        });
    }

    #run(): void {
        if (!this.#isRunning()) return;
        this.#deliver();
        const elapsed = Math.floor((this.#clock.monotonicMs() - this.#lastMs) / tickMs);
        if (elapsed > catchUpTicksMax) this.#lastMs = this.#clock.monotonicMs();
        else this.#lastMs += Math.max(elapsed, 1) * tickMs;
        const ticks = Math.min(Math.max(elapsed, 1), catchUpTicksMax);
        for (let i = 0; i < ticks && this.#isRunning(); i++) this.#tick();
        if (this.#isRunning()) this.#arm();
    }
}

/** Two turns of the event loop: sockets and other threads have delivered what had arrived. */
function afterInput(work: () => void): void {
    setImmediate(() => setImmediate(work));
}
