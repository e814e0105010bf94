import { STATUS_CODES, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Dead peers (a laptop that was closed) are noticed by TCP after this long without a sign of life. */
const keepAliveMs = 30_000;
/** Begins what browsers, which can set no other header, send as a protocol of the WebSocket: their token. */
export const tokenProtocol = 'base64url.bearer.authorization.k8s.io.';
export const streamProtocolHeader = 'X-Stream-Protocol-Version';
const acceptedProtocolsHeader = 'X-Accepted-Stream-Protocol-Versions';

/** What a client asked to switch to; undefined for neither. */
export function upgradeKind(req: IncomingMessage): 'spdy' | 'websocket' | undefined {
    const tokens = (req.headers.upgrade ?? '').toLowerCase();
    if (tokens.includes('websocket')) return 'websocket';
    return tokens.includes('spdy/3.1') ? 'spdy' : undefined;
}

/** Readies a socket that leaves HTTP: no idle timeout, no delay, no unhandled errors. */
export function takeSocket(socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    if (head.length > 0) socket.unshift(head);
    if (socket instanceof Socket) {
        socket.setTimeout(0);
        socket.setNoDelay(true);
        socket.setKeepAlive(true, keepAliveMs);
    }
}

/** A plain answer instead of an upgrade; a client may then try another protocol. */
export function refuseUpgrade(
    socket: Duplex,
    code: number,
    message: string,
    options: { headers?: readonly string[]; contentType?: string } = {},
): void {
    const body = Buffer.from(message);
    const lines = [
        `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
        'Connection: close',
        `Content-Type: ${options.contentType ?? 'text/plain; charset=utf-8'}`,
        `Content-Length: ${body.length}`,
        ...(options.headers ?? []),
    ];
    socket.on('error', () => undefined);
    socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
}

/**
 * Agrees on a stream protocol and switches to SPDY/3.1. Undefined when refused (answered already). A
 * client that names none gets `fallback`, where there is one.
 */
export function acceptSpdy(
    req: IncomingMessage,
    socket: Duplex,
    protocols: { head: Buffer; supported: readonly string[]; fallback?: string },
): string | undefined {
    const { supported, fallback } = protocols;
    const offered = offeredProtocols(req);
    const chosen = offered.length === 0 ? fallback : offered.find((one) => supported.includes(one));
    if (chosen === undefined) {
        const why = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`;
        refuseUpgrade(socket, 403, why, {
            headers: supported.map((one) => `${acceptedProtocolsHeader}: ${one}`),
        });
        return undefined;
    }
    socket.write(
        [
            'HTTP/1.1 101 Switching Protocols',
            'Connection: Upgrade',
            'Upgrade: SPDY/3.1',
            `${streamProtocolHeader}: ${chosen}`,
            '\r\n',
        ].join('\r\n'),
    );
    takeSocket(socket, protocols.head);
    return chosen;
}

function offeredProtocols(req: IncomingMessage): string[] {
    const values = req.headersDistinct[streamProtocolHeader.toLowerCase()] ?? [];
    return values
        .flatMap((value) => value.split(','))
        .flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
}

/** The WebSocket subprotocols that a client offers, in its order. */
export function offeredSubprotocols(req: IncomingMessage): string[] {
    const header = req.headers['sec-websocket-protocol'] ?? '';
    return header.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
}
