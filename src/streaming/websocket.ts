import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { offeredSubprotocols, refuseUpgrade, takeSocket } from './upgrade.ts';

const messageMaxBytes = 16 * 1024 * 1024;
/** Pings keep proxies from cutting an idle session, and find out about clients that vanished. */
const pingMs = 25_000;

/**
 * Agrees on the first subprotocol of the client that is supported and completes the handshake. A client
 * that offers none gets `fallback`; one that only offers others is refused, so that it can fall back.
 */
export function acceptWebSocket(
    req: IncomingMessage,
    socket: Duplex,
    protocols: {
        head: Buffer;
        supported: readonly string[];
        fallback: string | undefined;
        onOpen: (webSocket: WebSocket, protocol: string) => void;
    },
): void {
    const { supported, fallback, head, onOpen } = protocols;
    const offered = offeredSubprotocols(req);
    const chosen = offered.length === 0 ? fallback : offered.find((one) => supported.includes(one));
    if (chosen === undefined) {
        const why = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`;
        refuseUpgrade(socket, 403, why);
        return;
    }
    const server = new WebSocketServer({
        noServer: true,
        maxPayload: messageMaxBytes,
        perMessageDeflate: false,
    });
    // The library only takes subprotocols that are HTTP tokens, which "SPDY/3.1+portforward.k8s.io" is not:
    // so it does not see the offer, and the choice is added to its answer.
    delete req.headers['sec-websocket-protocol'];
    server.on('headers', (headers) => {
        if (offered.length > 0) headers.push(`Sec-WebSocket-Protocol: ${chosen}`);
    });
    takeSocket(socket, Buffer.alloc(0));
    server.handleUpgrade(req, socket, head, (webSocket) => {
        webSocket.on('error', () => undefined);
        keepAlive(webSocket);
        onOpen(webSocket, chosen);
    });
}

function keepAlive(webSocket: WebSocket): void {
    let answered = true;
    const timer = setInterval(() => {
        // While paused for a slow reader nothing is heard, which says nothing about the client.
        if (!answered && !webSocket.isPaused) {
            webSocket.terminate();
            return;
        }
        answered = false;
        webSocket.ping();
    }, pingMs);
    timer.unref();
    for (const sign of ['pong', 'message', 'ping'] as const) {
        webSocket.on(sign, () => {
            answered = true;
        });
    }
    webSocket.once('close', () => {
        clearInterval(timer);
    });
}
