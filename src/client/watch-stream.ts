import type { IncomingMessage } from 'node:http';
import { LineSplitter } from './line-splitter.ts';
import type { TransportWatch, WatchEvent, WatchHandler } from './transport.ts';

/** One watch event; the API server takes no larger object than 3 MiB. */
const watchFrameBytesMax = 32 * 1024 * 1024;

/** Hands the events of a watch's answer, one a line, to a handler until either ends. */
export function readWatch(response: IncomingMessage, handler: WatchHandler): TransportWatch {
    let over = false;
    const end = (error: Error | undefined): void => {
        if (over) return;
        over = true;
        response.destroy();
        handler.onEnd(error);
    };
    const lines = new LineSplitter(watchFrameBytesMax, (line) => {
        if (!over) handler.onEvent(JSON.parse(line.toString('utf8')) as WatchEvent);
    });
    response.on('data', (chunk: Buffer) => {
        try {
            if (!over) lines.push(chunk);
        } catch (error) {
            end(new Error('a watch event could not be read', { cause: error }));
        }
    });
    response.on('end', () => end(undefined));
    response.on('error', (error) => end(error));
    response.on('close', () => end(new Error('the watch connection was closed')));
    return {
        stop: () => {
            over = true;
            response.destroy();
        },
    };
}
