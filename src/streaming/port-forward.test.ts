import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectSocket, createServer as createTcpServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { parsePorts, servePortForward } from './port-forward.ts';
import { proxyUpgrade } from './proxy-upgrade.ts';
import { SpdyClient } from './testing/spdy-client.ts';
import { askForSpdy, until, upgradeServer, webSocketTunnel } from './testing/upgrade-server.ts';

const tunnel = 'SPDY/3.1+portforward.k8s.io';

let closers: { close(): unknown; closeAllConnections?(): void }[] = [];
let port: number;
let echoPort: number;

/** Answers every line in capitals and closes when the input ends. */
async function shoutingServer(): Promise<number> {
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
        socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
        socket.on('end', () => socket.end());
        socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(server);
    return (server.address() as AddressInfo).port;
}

async function dial(target: number): Promise<Duplex> {
    const socket = connectSocket({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
}

beforeEach(async () => {
    closers = [];
    echoPort = await shoutingServer();
    let server: Server;
    ({ server, port } = await upgradeServer((req, socket, head) => {
        const query = new URL(req.url ?? '/', 'http://x').searchParams;
        servePortForward(req, socket, head, {
            ports: parsePorts(query),
            subject: 'pod abc, uid 12',
            connect: dial,
        });
    }));
    closers.push(server);
});
afterEach(() => {
    for (const one of closers) {
        one.closeAllConnections?.();
        one.close();
    }
});

async function forwardOnce(client: SpdyClient, requestid: string, text: string): Promise<string> {
    const headers = { port: String(echoPort), requestid };
    const error = await client.open({ ...headers, streamtype: 'error' });
    const data = await client.open({ ...headers, streamtype: 'data' });
    await until(() => data.replied);
    client.send(error, '', true);
    client.send(data, text);
    await until(() => client.text(data).length === text.length);
    client.send(data, '', true);
    await until(() => data.ended && error.ended);
    expect(client.text(error)).toBe('');
    return client.text(data);
}

describe('port-forward', () => {
    it('over SPDY: several connections at once, each with its own pair of streams', async () => {
        const { socket } = await askForSpdy(port, '/portForward', ['portforward.k8s.io']);
        const client = new SpdyClient(socket!);
        const answers = await Promise.all([forwardOnce(client, '0', 'one'), forwardOnce(client, '1', 'two')]);
        expect(answers).toEqual(['ONE', 'TWO']);
        client.close();
    });

    it('a refused connection is told on the error stream', async () => {
        const { socket } = await askForSpdy(port, '/portForward', ['portforward.k8s.io']);
        const client = new SpdyClient(socket!);
        const error = await client.open({ port: '1', requestid: '0', streamtype: 'error' });
        const data = await client.open({ port: '1', requestid: '0', streamtype: 'data' });
        await until(() => error.ended);
        expect(client.text(error)).toMatch(
            /^error forwarding port 1 to pod abc, uid 12: (Error: )?connect ECONNREFUSED/,
        );
        await until(() => data.reset);
        const bad = await client.open({ port: '0', requestid: '1', streamtype: 'data' });
        await until(() => bad.reset);
        client.close();
    });

    it('SPDY inside a WebSocket, as kubectl does since 1.31', async () => {
        const client = new SpdyClient(await webSocketTunnel(port, '/portForward', tunnel));
        expect(await forwardOnce(client, '0', 'tunnel')).toBe('TUNNEL');
        client.close();
    });

    it('the older WebSocket protocol: two channels a port, each starting with the port', async () => {
        const url = `ws://127.0.0.1:${port}/portForward?ports=${echoPort}`;
        const webSocket = new WebSocket(url, ['v4.channel.k8s.io']);
        const messages: Buffer[] = [];
        webSocket.on('message', (data) => messages.push(data as Buffer));
        await once(webSocket, 'open');
        webSocket.send(Buffer.from('\u0000hello'));
        await until(() => messages.length >= 3);
        const greeting = Buffer.alloc(2);
        greeting.writeUInt16LE(echoPort);
        expect(messages[0]).toEqual(Buffer.concat([Buffer.from([0]), greeting]));
        expect(messages[1]).toEqual(Buffer.concat([Buffer.from([1]), greeting]));
        expect(messages[2]!.toString()).toBe('\u0000HELLO');
        webSocket.terminate();
    });

    it('a large answer arrives whole although the server closes at once', async () => {
        const big = Buffer.alloc(3_000_000, 'z');
        const server = createTcpServer((socket) => socket.end(big));
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        closers.push(server);
        const target = String((server.address() as AddressInfo).port);
        const { socket } = await askForSpdy(port, '/portForward', ['portforward.k8s.io']);
        const client = new SpdyClient(socket!);
        const error = await client.open({ port: target, requestid: '0', streamtype: 'error' });
        const data = await client.open({ port: target, requestid: '0', streamtype: 'data' });
        await until(() => data.ended);
        expect(Buffer.concat(data.received).length).toBe(big.length);
        expect(data.reset).toBe(false);
        client.send(data, '', true);
        await until(() => error.ended);
        client.close();
    });
});

describe('proxyUpgrade', () => {
    async function proxy(backendPort: number): Promise<number> {
        const made = await upgradeServer((req, socket, head) => {
            void proxyUpgrade(req, socket, head, {
                protocol: 'http:',
                host: '127.0.0.1',
                port: backendPort,
                path: req.url,
                headers: { 'X-Added': 'yes' },
            });
        });
        closers.push(made.server);
        return made.port;
    }

    it('carries SPDY and WebSocket alike, with the negotiated headers', async () => {
        const through = await proxy(port);
        const { socket, headers } = await askForSpdy(through, '/portForward', ['portforward.k8s.io']);
        expect(headers['x-stream-protocol-version']).toBe('portforward.k8s.io');
        const client = new SpdyClient(socket!);
        expect(await forwardOnce(client, '0', 'far')).toBe('FAR');
        client.close();
        const tunneled = new SpdyClient(await webSocketTunnel(through, '/portForward', tunnel));
        expect(await forwardOnce(tunneled, '0', 'further')).toBe('FURTHER');
        tunneled.close();
    });

    it("passes a refusal on, withholds the client's credentials, and says when nobody is there", async () => {
        const through = await proxy(port);
        const refused = await askForSpdy(through, '/portForward', ['nonsense']);
        expect([refused.code, refused.body]).toEqual([403, expect.stringContaining('unable to negotiate')]);
        let seen: Record<string, unknown> = {};
        const backend = createServer();
        backend.on('upgrade', (req, socket) => {
            seen = req.headers;
            socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope');
        });
        await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
        closers.push(backend);
        const second = await proxy((backend.address() as AddressInfo).port);
        expect(await askForSpdy(second, '/x', ['p'])).toMatchObject({ code: 404, body: 'nope' });
        expect(seen).toMatchObject({ 'x-added': 'yes', 'x-stream-protocol-version': 'p' });
        const nowhere = await proxy(1);
        const answer = await askForSpdy(nowhere, '/x', ['p']);
        expect([answer.code, answer.body]).toEqual([
            503,
            expect.stringContaining('error trying to reach service'),
        ]);
    });
});
