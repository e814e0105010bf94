import type { MemberId } from '../raft/types.ts';
import { stallCoveredMaxMs } from './peer-transport.ts';

/** Heartbeats, as frames, that may be repeated for a leader. */
export interface CoveredHeartbeats {
    frames: readonly { to: MemberId; bytes: Uint8Array }[];
    term: number;
    everyMs: number;
}

/** Of the interval: the leader's own heartbeats come first while it is not stalled. */
const firstDelayFactor = 1.5;

/**
 * Says a leader's heartbeats again while its main thread is silent, so that a stall (a huge list, a garbage
 * collection) costs no election. Repeating a heartbeat is safe: messages may be doubled anyway. Leading on for
 * longer than the leader is able to would not be: it ends after `stallCoveredMaxMs`, and as soon as anybody is
 * heard of in a later term.
 *
 *     leader:  ♥───♥───♥─── stalled ───────────♥───♥
 *     cover:               ·····♥───♥───♥───♥
 */
export class StallCover {
    readonly #send: (to: MemberId, bytes: Uint8Array) => void;
    #covered: CoveredHeartbeats | undefined;
    #untilMs = 0;
    #timer: NodeJS.Timeout | undefined;
    /** Rounds repeated since the last sign of life, and when that was. */
    #rounds = 0;

    constructor(send: (to: MemberId, bytes: Uint8Array) => void) {
        this.#send = send;
    }

    /** Replaces the heartbeats before; without frames nothing is repeated. Returns the rounds repeated. */
    cover(heartbeats: CoveredHeartbeats): number {
        const rounds = this.#rounds;
        this.#rounds = 0;
        clearTimeout(this.#timer);
        this.#covered = heartbeats.frames.length === 0 ? undefined : heartbeats;
        if (this.#covered !== undefined) {
            this.#untilMs = performance.now() + stallCoveredMaxMs;
            this.#schedule(heartbeats.everyMs * firstDelayFactor);
        }
        return rounds;
    }

    /** Somebody speaks in this term. */
    heardTerm(term: number): void {
        if (this.#covered !== undefined && term > this.#covered.term) this.stop();
    }

    stop(): void {
        clearTimeout(this.#timer);
        this.#covered = undefined;
    }

    #schedule(delayMs: number): void {
        this.#timer = setTimeout(() => {
            this.#repeat();
        }, delayMs);
        this.#timer.unref();
    }

    #repeat(): void {
        if (this.#covered === undefined || performance.now() > this.#untilMs) return;
        this.#rounds += 1;
        for (const { to, bytes } of this.#covered.frames) this.#send(to, bytes);
        this.#schedule(this.#covered.everyMs);
    }
}
