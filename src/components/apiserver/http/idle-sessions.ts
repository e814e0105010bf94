import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { type Clock, systemClock } from '../../../util/clock.ts';

export interface IdleSessionLimits {
    /** How long a session may be without a stream. Pings do not count. */
    idleMs: number;
    /** How often sessions are looked at. */
    checkMs: number;
}

/** What is needed of a session. */
export type IdlingSession = Pick<ServerHttp2Session, 'on' | 'once' | 'close'>;

/**
 * Closes HTTP/2 sessions that nothing is asked over, gracefully: a client that comes back opens another one.
 *
 * Invariants: a session is known here while it has no open stream; a timer runs only while there is one.
 */
export class IdleSessions {
    readonly #idleSinceMs = new Map<IdlingSession, number>();
    readonly #limits: IdleSessionLimits;
    readonly #clock: Clock;
    #cancelTimer: (() => void) | undefined;

    constructor(limits: IdleSessionLimits, clock: Clock = systemClock) {
        this.#limits = limits;
        this.#clock = clock;
    }

    follow(session: IdlingSession): void {
        let streams = 0;
        let isClosed = false;
        session.once('close', () => {
            isClosed = true;
            this.#idleSinceMs.delete(session);
        });
        session.on('stream', (stream: ServerHttp2Stream) => {
            streams++;
            this.#idleSinceMs.delete(session);
            stream.once('close', () => {
                streams--;
                if (streams === 0 && !isClosed) this.#idles(session);
            });
        });
        this.#idles(session);
    }

    stop(): void {
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        this.#idleSinceMs.clear();
    }

    #idles(session: IdlingSession): void {
        this.#idleSinceMs.set(session, this.#clock.monotonicMs());
        this.#schedule();
    }

    #schedule(): void {
        this.#cancelTimer ??= this.#clock.setTimer(this.#limits.checkMs, () => {
            this.#cancelTimer = undefined;
            const nowMs = this.#clock.monotonicMs();
            for (const [session, sinceMs] of this.#idleSinceMs) {
                if (nowMs - sinceMs < this.#limits.idleMs) continue;
                this.#idleSinceMs.delete(session);
                session.close();
            }
            if (this.#idleSinceMs.size > 0) this.#schedule();
        });
    }
}
