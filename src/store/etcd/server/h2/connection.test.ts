import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Http2Connection } from './connection.ts';
import { encodeHeaders } from './header-blocks.ts';

interface Answer {
    headers: IncomingHttpHeaders;
    trailers: IncomingHttpHeaders;
    body: Buffer;
}

let server: Server | undefined;
let session: ClientHttp2Session | undefined;
let connection: Http2Connection | undefined;

afterEach(async () => {
    session?.destroy();
    connection?.close();
    const closing = server;
    if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
});

/** Answers with the request's headers as JSON, and then its body; the client is Node's. */
async function openEcho(): Promise<ClientHttp2Session> {
    const listening = createServer((socket) => {
        socket.on('error', () => undefined);
        connection = new Http2Connection(socket, {
            onStream: (stream, headers) => {
                const chunks: Buffer[] = [Buffer.from(`${JSON.stringify([...headers])}\n`)];
                stream.listener = {
                    onData: (data) => chunks.push(Buffer.from(data)),
                    onEnd: () => {
                        stream.respond(encodeHeaders([[':status', '200']]));
                        stream.send(Buffer.concat(chunks));
                        stream.end(encodeHeaders([['grpc-status', '0']]));
                    },
                    onClosed: () => undefined,
                    onDrain: () => undefined,
                };
            },
            onError: () => undefined,
        });
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const { port } = listening.address() as AddressInfo;
    session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 200 });
    return session;
}

async function ask(
    client: ClientHttp2Session,
    headers: Record<string, string>,
    body: Buffer,
): Promise<Answer> {
    return await new Promise((resolve, reject) => {
        const stream = client.request({ ':method': 'POST', ':path': '/x', ...headers });
        const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
        const chunks: Buffer[] = [];
        stream.on('response', (received) => (answer.headers = received));
        stream.on('trailers', (received: IncomingHttpHeaders) => (answer.trailers = received));
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('close', () => {
            resolve({ ...answer, body: Buffer.concat(chunks) });
        });
        stream.end(body);
    });
}

function echoed({ body }: Answer): Map<string, string> {
    const text = body.subarray(0, body.indexOf('\n')).toString();
    return new Map(JSON.parse(text) as [string, string][]);
}

describe('HTTP/2, spoken with the client of Node.js', () => {
    it('every byte that a header may have arrives, whether Huffman-coded or from the table', async () => {
        const client = await openEcho();
        const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i));
        const latin1 = String.fromCharCode(...Array.from({ length: 96 }, (_, i) => 0xa0 + i));
        for (let round = 0; round < 3; round++) {
            const answer = await ask(
                client,
                { 'x-text': printable, 'x-high': latin1, 'x-round': String(round) },
                Buffer.alloc(0),
            );
            expect(echoed(answer).get('x-text')).toBe(printable);
            expect(echoed(answer).get('x-high')).toBe(latin1);
            expect(echoed(answer).get('x-round')).toBe(String(round));
            expect(answer.trailers['grpc-status']).toBe('0');
        }
    });

    it('more headers than the table holds push the oldest out of it', async () => {
        const client = await openEcho();
        for (let i = 0; i < 300; i++) {
            const headers = { 'x-number': `${i}-${'v'.repeat(100)}`, 'x-same': 's'.repeat(200) };
            const answer = await ask(client, headers, Buffer.alloc(0));
            expect(echoed(answer).get('x-number')).toBe(headers['x-number']);
            expect(echoed(answer).get('x-same')).toBe(headers['x-same']);
        }
    });

    it('bodies beyond all windows go both ways, on several streams at once', async () => {
        const client = await openEcho();
        const bodies = [1, 16_384, 70_000, 3_000_000, 20_000_000].map((size, i) => Buffer.alloc(size, i + 1));
        const answers = await Promise.all(bodies.map(async (body) => await ask(client, {}, body)));
        for (const [i, answer] of answers.entries()) {
            const echo = answer.body.subarray(answer.body.indexOf('\n') + 1);
            expect(echo.equals(bodies[i] ?? Buffer.alloc(0))).toBe(true);
        }
    });

    it('a connection that breaks the protocol is closed', async () => {
        await openEcho();
        const { port } = server?.address() as AddressInfo;
        const { connect: connectSocket } = await import('node:net');
        const socket = connectSocket(port, '127.0.0.1');
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        // Data of a stream that was never opened.
        socket.write(Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 1, 0]));
        const closed = await new Promise<string>((resolve) => {
            socket.on('close', () => {
                resolve('closed');
            });
            socket.resume();
        });
        expect(closed).toBe('closed');
    });
});
