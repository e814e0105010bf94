import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A server on loopback whose upgrades go to `serve`. */
export async function upgradeServer(
    serve: (req: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<{ server: Server; port: number }> {
    const server = createServer((_req, res) => {
        res.end();
    });
    const sockets = new Set<Duplex>();
    server.on('connection', (socket) => sockets.add(socket));
    // Upgraded connections are the server's no more; here they are to end with it.
    const close = server.close.bind(server);
    server.close = (callback) => {
        for (const socket of sockets) socket.destroy();
        return close(callback);
    };
    server.on('upgrade', serve);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, port: (server.address() as AddressInfo).port };
}

export interface UpgradeAnswer {
    code: number;
    headers: IncomingMessage['headers'];
    body: string;
    socket: Duplex | undefined;
}

/** Carries bytes in binary messages over a handshake of our own: for subprotocols that are no HTTP tokens. */
export async function webSocketTunnel(port: number, path: string, protocol: string): Promise<Duplex> {
    const answer = await ask(port, path, {
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': protocol,
    });
    const { socket, headers } = answer;
    if (socket === undefined) throw new Error(`no upgrade: ${answer.code} ${answer.body}`);
    if (headers['sec-websocket-protocol'] !== protocol) throw new Error('wrong subprotocol');
    return new MessageDuplex(socket);
}

/** The client's side of RFC 6455, no more than binary messages. The mask is zero, so payloads stay. */
class MessageDuplex extends Duplex {
    readonly #socket: Duplex;
    #buffer: Buffer = Buffer.alloc(0);

    constructor(socket: Duplex) {
        super();
        this.#socket = socket;
        socket.on('data', (chunk: Buffer) => {
            this.#buffer = Buffer.concat([this.#buffer, chunk]);
            while (this.#takeMessage());
        });
        socket.on('close', () => this.push(null));
        socket.on('error', () => undefined);
    }

    #takeMessage(): boolean {
        const short = (this.#buffer[1] ?? 0) & 0x7f;
        const header = short === 126 ? 4 : short === 127 ? 10 : 2;
        if (this.#buffer.length < header) return false;
        const length =
            short === 126
                ? this.#buffer.readUInt16BE(2)
                : short === 127
                  ? Number(this.#buffer.readBigUInt64BE(2))
                  : short;
        if (this.#buffer.length < header + length) return false;
        if (((this.#buffer[0] ?? 0) & 0x0f) === 2) this.push(this.#buffer.subarray(header, header + length));
        this.#buffer = this.#buffer.subarray(header + length);
        return true;
    }

    override _read(): void {
        // Pushed as it comes.
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
        const header = Buffer.alloc(14);
        header[0] = 0x82;
        header[1] = 0x80 | 127;
        header.writeBigUInt64BE(BigInt(chunk.length), 2);
        this.#socket.write(Buffer.concat([header, chunk]));
        done();
    }

    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
        this.#socket.destroy();
        done(error);
    }
}

/** Asks for SPDY with the given stream protocols. */
export function askForSpdy(port: number, path: string, protocols: readonly string[]): Promise<UpgradeAnswer> {
    return ask(port, path, { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': [...protocols] });
}

function ask(port: number, path: string, headers: Record<string, string | string[]>): Promise<UpgradeAnswer> {
    return new Promise((resolve, reject) => {
        const method = headers['Upgrade'] === 'websocket' ? 'GET' : 'POST';
        const host = '127.0.0.1';
        const req = request({ port, host, method, path, headers: { Connection: 'Upgrade', ...headers } });
        req.once('upgrade', (res, socket, head) => {
            if (head.length > 0) socket.unshift(head);
            resolve({ code: 101, headers: res.headers, body: '', socket });
        });
        req.once('response', (res) => {
            const chunks: Buffer[] = [];
            res.on('data', (chunk: Buffer) => chunks.push(chunk));
            res.on('end', () => {
                const body = Buffer.concat(chunks).toString();
                resolve({ code: res.statusCode ?? 0, headers: res.headers, body, socket: undefined });
            });
        });
        req.once('error', reject);
        req.end();
    });
}

export async function until(what: () => boolean): Promise<void> {
    for (let waits = 0; waits < 400; waits++) {
        if (what()) return;
        await delay(10);
    }
    throw new Error('did not happen in time');
}
