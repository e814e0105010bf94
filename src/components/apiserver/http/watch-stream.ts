import type { V1Status } from '../../../api/meta/object.ts';
import type { CacheEvent } from '../cache/cache-event.ts';
import type { WatchFramer } from '../encode/watch-frames.ts';
import type { WatchSink } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { joinedBytesMax, joinFrames } from './joined-frames.ts';
import type { Flushable, WatchFlusher } from './watch-flusher.ts';

/** What a slow client may leave unread before its watch is cut; it then lists anew. */
export const watchBufferedBytesMax = 8 * 1024 * 1024;

/** What waits beyond this is written at once: a burst must not look like a slow client. */
const flushNowBytes = 512 * 1024;

type Frame = Buffer | (() => Buffer);

/** What a watch is written to: an answer that goes on, or a WebSocket. */
export interface WatchConnection {
    /** False when it takes no more for now, until 'drain'. */
    write(frames: Buffer): boolean;
    on(event: 'drain', listener: () => void): unknown;
    /** After what was written. */
    end(): unknown;
    destroy(): unknown;
}

export interface WatchStreamParts {
    framer: WatchFramer;
    flusher: WatchFlusher;
    /** The client is too slow; the stream is closed already. */
    onOverflow: () => void;
    /** An object could not be shown; the stream is closed already. */
    onFailure: (error: unknown) => void;
    /** Told the size of every event, bookmark and error in bytes, as it is made. */
    onFrame?: (bytes: number) => void;
}

/**
 * Writes a watch to its connection. Invariants: frames leave in order; what waits is at most
 * `watchBufferedBytesMax` of live events. The initial state does not count: it is framed only when the
 * socket can take it.
 */
export class WatchStream implements WatchSink, Flushable {
    readonly #connection: WatchConnection;
    readonly #framer: WatchFramer;
    readonly #flusher: WatchFlusher;
    readonly #onOverflow: () => void;
    readonly #onFailure: (error: unknown) => void;
    readonly #onFrame: ((bytes: number) => void) | undefined;
    #queue: Frame[] = [];
    #queuedBytes = 0;
    #state: 'open' | 'blocked' | 'closed' = 'open';
    /** Nothing more is taken; what waits is still written. */
    #isEnding = false;

    constructor(connection: WatchConnection, parts: WatchStreamParts) {
        this.#connection = connection;
        this.#framer = parts.framer;
        this.#flusher = parts.flusher;
        this.#onOverflow = parts.onOverflow;
        this.#onFailure = parts.onFailure;
        this.#onFrame = parts.onFrame;
        connection.on('drain', () => {
            if (this.#state !== 'blocked') return;
            this.#state = 'open';
            this.flush();
            if (this.#isEnding) this.#closeWhenWritten();
        });
    }

    event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject, event: CacheEvent | undefined): void {
        this.#push(
            event === undefined ? this.#framer.later(type, object) : this.#framer.event(type, object, event),
        );
    }

    bookmark(resourceVersion: string, isInitialEventsEnd: boolean): void {
        this.#push(this.#framer.bookmark(resourceVersion, isInitialEventsEnd));
    }

    error(status: V1Status): void {
        this.#push(this.#framer.error(status));
    }

    /** Writes what waits, as far as the socket takes it. */
    flush(): void {
        try {
            this.#flush();
        } catch (error) {
            // An object that cannot be shown ends this watch, and nothing else.
            this.abandon();
            this.#onFailure(error);
        }
    }

    #flush(): void {
        const queue = this.#queue;
        let sent = 0;
        while (sent < queue.length && this.#state === 'open') {
            const frame = queue[sent];
            if (typeof frame === 'function') {
                sent += 1;
                this.#write(this.#made(frame));
                continue;
            }
            const frames = liveFrames(queue, sent);
            sent += frames.length;
            const bytes = joinFrames(frames);
            this.#queuedBytes -= bytes.length;
            this.#write(bytes);
        }
        queue.splice(0, sent);
    }

    end(): void {
        if (this.#state === 'closed' || this.#isEnding) return;
        this.#isEnding = true;
        this.flush();
        this.#closeWhenWritten();
    }

    #closeWhenWritten(): void {
        if (this.#queue.length === 0) this.close();
    }

    close(): void {
        if (this.#state === 'closed') return;
        this.flush();
        this.abandon();
        this.#connection.end();
    }

    /** The client has gone. */
    abandon(): void {
        this.#state = 'closed';
        this.#queue = [];
    }

    #push(frame: Frame): void {
        if (this.#state === 'closed' || this.#isEnding) return;
        this.#queue.push(frame);
        if (typeof frame !== 'function') {
            this.#queuedBytes += frame.length;
            this.#onFrame?.(frame.length);
        }
        if (this.#state === 'open') {
            if (this.#queuedBytes > flushNowBytes) this.flush();
            else this.#flusher.add(this);
        }
        if (this.#queuedBytes > watchBufferedBytesMax) {
            this.abandon();
            this.#onOverflow();
        }
    }

    /** Of the initial state. */
    #made(frame: () => Buffer): Buffer {
        const bytes = frame();
        this.#onFrame?.(bytes.length);
        return bytes;
    }

    #write(bytes: Buffer): void {
        if (!this.#connection.write(bytes)) this.#state = 'blocked';
    }
}

/** The live events from `from` on that are worth a write together; none where the initial state goes on. */
function liveFrames(queue: readonly Frame[], from: number): Buffer[] {
    const frames: Buffer[] = [];
    let bytes = 0;
    for (let i = from; i < queue.length; i++) {
        const frame = queue[i];
        if (frame === undefined || typeof frame === 'function') break;
        bytes += frame.length;
        if (frames.length > 0 && bytes > joinedBytesMax) break;
        frames.push(frame);
    }
    return frames;
}
