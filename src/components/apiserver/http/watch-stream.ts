import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { V1Status } from '../../../api/meta/object.ts';
import type { CacheEvent } from '../cache/cache-event.ts';
import type { WatchFramer } from '../encode/watch-frames.ts';
import type { WatchSink } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';

/** What a slow client may leave unread before its watch is cut; it then lists anew. */
export const watchBufferedBytesMax = 8 * 1024 * 1024;

/**
 * Writes a watch to a socket. Invariants: frames leave in order; what waits is at most
 * `watchBufferedBytesMax` of live events. The initial state does not count: it is framed only when the
 * socket can take it.
 */
export class WatchStream implements WatchSink {
    readonly #response: ServerResponse | Http2ServerResponse;
    readonly #framer: WatchFramer;
    readonly #onOverflow: () => void;
    #queue: (Buffer | (() => Buffer))[] = [];
    #queuedBytes = 0;
    #state: 'open' | 'blocked' | 'ending' | 'closed' = 'open';

    constructor(response: ServerResponse | Http2ServerResponse, framer: WatchFramer, onOverflow: () => void) {
        this.#response = response;
        this.#framer = framer;
        this.#onOverflow = onOverflow;
        response.on('drain', () => {
            if (this.#state !== 'blocked') return;
            this.#state = 'open';
            this.#flush();
        });
    }

    event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject, event: CacheEvent | undefined): void {
        this.#push(
            event === undefined
                ? () => this.#framer.event(type, object, undefined)
                : this.#framer.event(type, object, event),
        );
    }

    bookmark(resourceVersion: string, isInitialEventsEnd: boolean): void {
        this.#push(this.#framer.bookmark(resourceVersion, isInitialEventsEnd));
    }

    error(status: V1Status): void {
        this.#push(this.#framer.error(status));
    }

    end(): void {
        if (this.#state === 'closed' || this.#state === 'ending') return;
        if (this.#queue.length > 0) {
            this.#response.once('drain', () => {
                this.#drainAndEnd();
            });
            this.#state = 'ending';
            return;
        }
        this.close();
    }

    close(): void {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#queue = [];
        this.#response.end();
    }

    #drainAndEnd(): void {
        for (const frame of this.#queue) this.#write(frame);
        this.close();
    }

    #push(frame: Buffer | (() => Buffer)): void {
        if (this.#state === 'closed' || this.#state === 'ending') return;
        this.#queue.push(frame);
        if (typeof frame !== 'function') this.#queuedBytes += frame.length;
        if (this.#state === 'open') this.#flush();
        if (this.#queuedBytes > watchBufferedBytesMax) {
            this.#state = 'closed';
            this.#queue = [];
            this.#onOverflow();
        }
    }

    #flush(): void {
        let sent = 0;
        for (const frame of this.#queue) {
            sent++;
            if (typeof frame !== 'function') this.#queuedBytes -= frame.length;
            if (!this.#write(frame)) {
                this.#state = 'blocked';
                break;
            }
        }
        this.#queue.splice(0, sent);
    }

    #write(frame: Buffer | (() => Buffer)): boolean {
        return (this.#response as ServerResponse).write(typeof frame === 'function' ? frame() : frame);
    }
}
