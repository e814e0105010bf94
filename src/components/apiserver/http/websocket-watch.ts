import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { offeredSubprotocols, tokenProtocol } from '../../../streaming/upgrade.ts';
import { acceptWebSocket } from '../../../streaming/websocket.ts';
import { negotiate } from '../encode/negotiate.ts';
import type { UpgradeConnection } from '../extensions.ts';
import type { ApiRequest, WatchResult } from '../request.ts';
import { openWatch, type WatchOptions } from './open-watch.ts';
import type { WatchConnection } from './watch-stream.ts';

/** What waits for the socket before no more is taken; the watch keeps the rest, within its own bound. */
const bufferedBytesMax = 256 * 1024;
const newline = 0x0a;

/** A watch over a WebSocket, as browsers ask for it: one text message for each event. */
export function answerWatchByWebSocket(
    request: ApiRequest,
    { request: message, socket, head }: UpgradeConnection,
    { result, options }: { result: WatchResult; options: WatchOptions },
): void {
    const { shape } = negotiate(request, { isWatch: true });
    // Any protocol will do, as there is one way to speak alone.
    const supported = offeredSubprotocols(message).filter((protocol) => !protocol.startsWith(tokenProtocol));
    acceptWebSocket(message, socket, {
        head,
        supported,
        fallback: '',
        onOpen: (webSocket) => {
            const connection = new WatchedSocket(webSocket);
            webSocket.once('close', openWatch(connection, request, { result, shape, options }));
        },
    });
}

class WatchedSocket extends EventEmitter implements WatchConnection {
    readonly #webSocket: WebSocket;
    #isFull = false;

    constructor(webSocket: WebSocket) {
        super();
        this.#webSocket = webSocket;
    }

    /** @param frames whole events, each with a line break at its end */
    write(frames: Buffer): boolean {
        let start = 0;
        for (let end = frames.indexOf(newline); end >= 0; end = frames.indexOf(newline, start)) {
            this.#send(frames.subarray(start, end + 1));
            start = end + 1;
        }
        this.#isFull = this.#webSocket.bufferedAmount > bufferedBytesMax;
        return !this.#isFull;
    }

    end(): void {
        this.#webSocket.close(1000);
    }

    destroy(): void {
        this.#webSocket.terminate();
    }

    #send(event: Buffer): void {
        this.#webSocket.send(event, { binary: false }, () => {
            if (!this.#isFull || this.#webSocket.bufferedAmount > bufferedBytesMax) return;
            this.#isFull = false;
            this.emit('drain');
        });
    }
}
