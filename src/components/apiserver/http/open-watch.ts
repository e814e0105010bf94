import type { Shape } from '../encode/negotiate.ts';
import { WatchFramer } from '../encode/watch-frames.ts';
import type { ApiRequest, WatchResult } from '../request.ts';
import type { WatchFlusher } from './watch-flusher.ts';
import { type WatchConnection, WatchStream } from './watch-stream.ts';

export interface WatchOptions {
    nowMs: () => number;
    /** Writes the events of open watches. */
    flusher: WatchFlusher;
    /** Told about open watches, so that stopping can end them. Returns what to call when one has ended. */
    watchOpened(end: () => void): () => void;
    slowWatchCut(request: ApiRequest): void;
    watchFailed(request: ApiRequest, error: unknown): void;
    /** Gives what is told how large each event of a watch is. */
    watchEventSizes?(request: ApiRequest): (bytes: number) => void;
}

export interface OpenedWatch {
    result: WatchResult;
    shape: Shape;
    options: WatchOptions;
}

/** Writes a watch until it ends, or is ended. Returns what to call when the client has gone. */
export function openWatch(
    connection: WatchConnection,
    request: ApiRequest,
    { result, shape, options }: OpenedWatch,
): () => void {
    const framer = new WatchFramer(result.definition, shape, options.nowMs);
    const cut = (): void => {
        stop();
        connection.destroy();
    };
    const stream = new WatchStream(connection, {
        framer,
        flusher: options.flusher,
        onOverflow: () => {
            options.slowWatchCut(request);
            cut();
        },
        onFailure: (error) => {
            options.watchFailed(request, error);
            cut();
        },
        onFrame: options.watchEventSizes?.(request) ?? (() => undefined),
    });
    const stop = result.open(stream);
    const forget = options.watchOpened(() => {
        stop();
        stream.close();
    });
    return () => {
        stop();
        stream.abandon();
        forget();
    };
}
