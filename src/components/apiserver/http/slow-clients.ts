import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../../../util/clock.ts';

export interface SlowClientLimits {
    /** How long the header of a request may take, from its first byte on; also the first byte's own bound. */
    headerMs: number;
    /** How long a kept connection may be silent. */
    idleMs: number;
    /** How often connections are looked at. */
    checkMs: number;
}

interface Waiting {
    sinceMs: number;
    bytesBefore: number;
    /** Nothing was answered on this connection yet. */
    isFirst: boolean;
}

/**
 * Closes HTTP/1.1 connections whose client sends a request's header too slowly, or nothing for too long. A
 * server that speaks HTTP/2 besides does not do that by itself.
 *
 * Invariants: a connection is known here while it has no request that is being worked on; a timer runs only
 * while there is one.
 */
export class SlowClients {
    readonly #waiting = new Map<Socket, Waiting>();
    readonly #limits: SlowClientLimits;
    readonly #clock: Clock;
    #cancelTimer: (() => void) | undefined;

    constructor(limits: SlowClientLimits, clock: Clock = systemClock) {
        this.#limits = limits;
        this.#clock = clock;
    }

    /** A connection was opened, or the answer to its last request is out. */
    waits(socket: Socket, isFirst: boolean): void {
        if (socket.destroyed) return;
        if (isFirst) socket.once('close', () => this.#waiting.delete(socket));
        const { bytesRead } = socket;
        this.#waiting.set(socket, { sinceMs: this.#clock.monotonicMs(), bytesBefore: bytesRead, isFirst });
        this.#schedule();
    }

    /** A whole header has come, or the connection speaks HTTP/2. */
    served(socket: Socket): void {
        this.#waiting.delete(socket);
    }

    stop(): void {
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        this.#waiting.clear();
    }

    #schedule(): void {
        this.#cancelTimer ??= this.#clock.setTimer(this.#limits.checkMs, () => {
            this.#cancelTimer = undefined;
            this.#check();
            if (this.#waiting.size > 0) this.#schedule();
        });
    }

    #check(): void {
        const nowMs = this.#clock.monotonicMs();
        for (const [socket, waiting] of this.#waiting) {
            const hasBegun = socket.bytesRead > waiting.bytesBefore;
            if (hasBegun && !waiting.isFirst) {
                // From here on the header is what is waited for, not the next request.
                this.#waiting.set(socket, {
                    sinceMs: nowMs,
                    bytesBefore: waiting.bytesBefore,
                    isFirst: true,
                });
                continue;
            }
            const limitMs = waiting.isFirst ? this.#limits.headerMs : this.#limits.idleMs;
            if (nowMs - waiting.sinceMs >= limitMs) socket.destroy();
        }
    }
}
