import { defaultWindowBytes } from './frames.ts';

interface Waiter {
    streamId: number;
    wantedBytes: number;
    granted(bytes: number): void;
}

/**
 * How much may be sent, per stream and for the whole session.
 *
 * The SPDY library of Go, which kubectl uses, neither sends window updates nor looks at ours: obeying its
 * (never growing) windows would hang every transfer after 64 KiB. So windows only count once the peer has
 * sent a SETTINGS or WINDOW_UPDATE frame; what was sent before is accounted for then. TCP's own flow
 * control holds in any case.
 */
export class SendWindows {
    #counts = false;
    #initialBytes = defaultWindowBytes;
    #sessionLeft = defaultWindowBytes;
    readonly #left = new Map<number, number>();
    #waiters: Waiter[] = [];

    setInitial(bytes: number | undefined): void {
        this.#counts = true;
        if (bytes === undefined) return;
        for (const [id, left] of this.#left) this.#left.set(id, left + bytes - this.#initialBytes);
        this.#initialBytes = bytes;
        this.#serve();
    }

    /** Stream 0 is the session. */
    grow(streamId: number, bytes: number): void {
        this.#counts = true;
        if (streamId === 0) this.#sessionLeft += bytes;
        else this.#left.set(streamId, this.#leftOf(streamId) + bytes);
        this.#serve();
    }

    /** Calls back, now or later, with how many of the wanted bytes may be sent: at least one. */
    take(streamId: number, wantedBytes: number, granted: (bytes: number) => void): void {
        this.#waiters.push({ streamId, wantedBytes, granted });
        this.#serve();
    }

    /** The stream is gone: whoever still waits for it is let through, to find that out. */
    drop(streamId: number): void {
        this.#left.delete(streamId);
        const [gone, rest] = partition(this.#waiters, (waiter) => waiter.streamId === streamId);
        this.#waiters = rest;
        for (const waiter of gone) waiter.granted(waiter.wantedBytes);
    }

    /** The connection is gone. */
    open(): void {
        const waiters = this.#waiters;
        this.#waiters = [];
        for (const waiter of waiters) waiter.granted(waiter.wantedBytes);
    }

    #serve(): void {
        const [ready, rest] = partition(this.#waiters, ({ streamId }) => this.#room(streamId) > 0);
        this.#waiters = rest;
        for (const waiter of ready) {
            // An earlier one may have used the session's room up.
            const bytes = Math.min(waiter.wantedBytes, this.#room(waiter.streamId));
            if (bytes <= 0) {
                this.#waiters.push(waiter);
                continue;
            }
            this.#sessionLeft -= bytes;
            this.#left.set(waiter.streamId, this.#leftOf(waiter.streamId) - bytes);
            waiter.granted(bytes);
        }
    }

    #room(streamId: number): number {
        if (!this.#counts) return Number.POSITIVE_INFINITY;
        return Math.min(this.#sessionLeft, this.#leftOf(streamId));
    }

    #leftOf(streamId: number): number {
        return this.#left.get(streamId) ?? this.#initialBytes;
    }
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
    return [items.filter(test), items.filter((item) => !test(item))];
}
