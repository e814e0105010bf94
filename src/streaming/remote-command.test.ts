import type { Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import {
    parseRemoteCommandOptions,
    serveRemoteCommand,
    type RemoteStreams,
    type TerminalSize,
} from './remote-command.ts';
import { frameTypes, words } from './spdy/frames.ts';
import { exitStatus, type RemoteStatus } from './status.ts';
import { SpdyClient } from './testing/spdy-client.ts';
import { askForSpdy, until, upgradeServer } from './testing/upgrade-server.ts';

let server: Server;
let port: number;
let run: (streams: RemoteStreams) => Promise<RemoteStatus>;

/** A command that copies its input to its output and ends with the given code. */
const cat = (code: number) => async (streams: RemoteStreams) => {
    for await (const chunk of streams.stdin ?? []) streams.stdout?.write(chunk);
    streams.stderr?.write('done');
    return exitStatus(code, ['cat']);
};

beforeEach(async () => {
    run = cat(0);
    ({ server, port } = await upgradeServer((req, socket, head) => {
        const query = new URL(req.url ?? '/', 'http://x').searchParams;
        serveRemoteCommand(req, socket, head, {
            options: parseRemoteCommandOptions(query),
            run: (streams) => run(streams),
        });
    }));
});
afterEach(() => {
    server.closeAllConnections();
    server.close();
});

const all = '/exec?stdin=true&stdout=true&stderr=true';

describe('remote commands over SPDY', () => {
    it('v4: input, output, errors, and the exit code on the error stream', async () => {
        run = cat(42);
        const { socket, headers } = await askForSpdy(port, all, ['v4.channel.k8s.io', 'v3.channel.k8s.io']);
        expect(headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
        const client = new SpdyClient(socket!);
        const error = await client.open({ streamtype: 'error' });
        const stdin = await client.open({ streamtype: 'stdin' });
        const stdout = await client.open({ streamtype: 'stdout' });
        const stderr = await client.open({ streamtype: 'stderr' });
        await until(() => stderr.replied);
        client.send(stdin, 'hello ');
        client.send(stdin, 'world', true);
        await until(() => error.ended && stdout.ended && stderr.ended);
        expect(client.text(stdout)).toBe('hello world');
        expect(client.text(stderr)).toBe('done');
        expect(JSON.parse(client.text(error))).toMatchObject({
            status: 'Failure',
            reason: 'NonZeroExitCode',
            details: { causes: [{ reason: 'ExitCode', message: '42' }] },
        });
        client.close();
    });

    it('a megabyte passes without window updates from the client, as kubectl sends none', async () => {
        const big = Buffer.alloc(1024 * 1024, 'x');
        run = async ({ stdout }) => {
            stdout?.write(big);
            return await Promise.resolve(exitStatus(0, []));
        };
        const { socket } = await askForSpdy(port, '/exec?stdout=1', ['v4.channel.k8s.io']);
        const client = new SpdyClient(socket!);
        const error = await client.open({ streamtype: 'error' });
        const stdout = await client.open({ streamtype: 'stdout' });
        await until(() => stdout.ended);
        expect(Buffer.concat(stdout.received).equals(big)).toBe(true);
        await until(() => error.ended);
        expect(JSON.parse(client.text(error))).toMatchObject({ status: 'Success' });
        client.close();
    });

    it('a client that speaks flow control is never sent more than its window', async () => {
        run = async ({ stdout }) => {
            stdout?.write(Buffer.alloc(200_000));
            return await Promise.resolve(exitStatus(0, []));
        };
        const { socket } = await askForSpdy(port, '/exec?stdout=1', ['v4.channel.k8s.io']);
        const client = new SpdyClient(socket!);
        const settings = Buffer.concat([words(1), Buffer.from([0, 0, 0, 7]), words(10_000)]);
        client.control(frameTypes.settings, settings);
        const error = await client.open({ streamtype: 'error' });
        const stdout = await client.open({ streamtype: 'stdout' });
        const got = (): number => Buffer.concat(stdout.received).length;
        await until(() => got() > 0);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(got()).toBe(10_000);
        client.control(frameTypes.windowUpdate, words(stdout.id, 5_000));
        await until(() => got() === 15_000);
        client.control(frameTypes.windowUpdate, words(stdout.id, 1_000_000));
        // The rest of the session's window went to the status on the error stream.
        await until(() => got() + Buffer.concat(error.received).length === 65_536);
        client.control(frameTypes.windowUpdate, words(0, 1_000_000));
        await until(() => stdout.ended);
        expect(got()).toBe(200_000);
        client.close();
    });

    it('input is acknowledged as it is read, pings are echoed', async () => {
        const { socket } = await askForSpdy(port, '/exec?stdin=1', ['v4.channel.k8s.io']);
        const client = new SpdyClient(socket!);
        const error = await client.open({ streamtype: 'error' });
        const stdin = await client.open({ streamtype: 'stdin' });
        for (let sent = 0; sent < 4; sent++) client.send(stdin, Buffer.alloc(32 * 1024));
        await until(() => client.windowUpdates.some(({ streamId }) => streamId === stdin.id));
        expect(client.windowUpdates.some(({ streamId }) => streamId === 0)).toBe(true);
        client.control(frameTypes.ping, words(7));
        await until(() => client.pings.includes(7));
        client.send(stdin, '', true);
        await until(() => error.ended);
        client.close();
    });

    it('with a tty: no stderr, and sizes of the terminal', async () => {
        const sizes: TerminalSize[] = [];
        run = async (streams) => {
            streams.onResize?.((size) => sizes.push(size));
            expect(streams.stderr).toBeUndefined();
            return await cat(0)(streams);
        };
        const { socket } = await askForSpdy(port, `${all}&tty=true`, ['v3.channel.k8s.io']);
        const client = new SpdyClient(socket!);
        await client.open({ streamtype: 'error' });
        const stdin = await client.open({ streamtype: 'stdin' });
        await client.open({ streamtype: 'stdout' });
        const resize = await client.open({ streamtype: 'resize' });
        client.send(resize, '{"Width":80,"Hei');
        client.send(resize, 'ght":24}\n{"Width":100,"Height":30}');
        client.send(resize, '{"height":40,"width":132}');
        await until(() => sizes.length === 3);
        expect(sizes).toEqual([
            { width: 80, height: 24 },
            { width: 100, height: 30 },
            { width: 132, height: 40 },
        ]);
        client.send(stdin, '', true);
        client.close();
    });

    it('the command learns that the client has gone', async () => {
        let aborted = false;
        run = async ({ signal }) => {
            await once(signal, 'abort');
            aborted = true;
            return exitStatus(0, []);
        };
        const { socket } = await askForSpdy(port, '/exec?stdout=1', ['v4.channel.k8s.io']);
        const client = new SpdyClient(socket!);
        await client.open({ streamtype: 'error' });
        const stdout = await client.open({ streamtype: 'stdout' });
        await until(() => stdout.replied);
        client.close();
        await until(() => aborted);
    });

    it('what is not SPDY closes the connection; unknown stream types are refused', async () => {
        const first = await askForSpdy(port, all, ['v4.channel.k8s.io']);
        const client = new SpdyClient(first.socket!);
        const wrong = await client.open({ streamtype: 'nonsense' });
        await until(() => wrong.reset);
        client.raw(Buffer.from([0x80, 0x09, 0, 1, 0, 0, 0, 0]));
        await until(() => client.closed);
    });

    it('refuses what it cannot speak, naming what it can, and a request without streams', async () => {
        const unknown = await askForSpdy(port, all, ['v9.channel.k8s.io']);
        expect(unknown.code).toBe(403);
        expect(unknown.body).toContain('client supports [v9.channel.k8s.io]');
        expect(unknown.headers['x-accepted-stream-protocol-versions']).toContain('v4.channel.k8s.io');
        const none = await askForSpdy(port, '/exec', ['v4.channel.k8s.io']);
        expect([none.code, none.body]).toEqual([400, 'you must specify at least 1 of stdin, stdout, stderr']);
    });
});

interface Session {
    webSocket: WebSocket;
    messages: Buffer[];
    closeCode: () => number | undefined;
}

async function connect(path: string, protocols: string[]): Promise<Session> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
    const messages: Buffer[] = [];
    let code: number | undefined;
    webSocket.on('message', (data) => messages.push(data as Buffer));
    webSocket.on('close', (closed) => {
        code = closed;
    });
    await once(webSocket, 'open');
    return { webSocket, messages, closeCode: () => code };
}

const onChannel = (messages: Buffer[], channel: number): string =>
    messages
        .filter((message) => message[0] === channel)
        .map((message) => message.subarray(1).toString())
        .join('');

describe('remote commands over WebSocket', () => {
    it('v5: closing the input by channel 255 lets the command end, with its status', async () => {
        run = cat(3);
        const session = await connect(all, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
        expect(session.webSocket.protocol).toBe('v5.channel.k8s.io');
        session.webSocket.send(Buffer.from('\u0000hello'));
        session.webSocket.send(Buffer.from([255, 0]));
        await until(() => session.closeCode() !== undefined);
        expect(session.closeCode()).toBe(1000);
        expect(onChannel(session.messages, 1)).toBe('hello');
        expect(onChannel(session.messages, 2)).toBe('done');
        expect(JSON.parse(onChannel(session.messages, 3))).toMatchObject({
            details: { causes: [{ reason: 'ExitCode', message: '3' }] },
        });
    });

    it('v4 base64: text messages with a digit', async () => {
        run = async ({ stdin, stdout }) => {
            const [chunk] = (await once(stdin!, 'data')) as [Buffer];
            stdout?.write(chunk);
            return exitStatus(0, []);
        };
        const session = await connect(all, ['v4.base64.channel.k8s.io']);
        session.webSocket.send(`0${Buffer.from('héllo').toString('base64')}`);
        await until(() => session.closeCode() !== undefined);
        const texts = session.messages.map(String);
        const out = texts
            .filter((text) => text.startsWith('1'))
            .map((text) => Buffer.from(text.slice(1), 'base64'));
        expect(Buffer.concat(out).toString()).toBe('héllo');
        const status = texts.find((text) => text.startsWith('3'));
        expect(JSON.parse(Buffer.from(status!.slice(1), 'base64').toString())).toMatchObject({
            status: 'Success',
        });
    });

    it('a failure to run the command is a Status', async () => {
        run = () => Promise.reject(new Error('no such container'));
        const session = await connect('/exec?stdout=1', ['v5.channel.k8s.io']);
        await until(() => session.closeCode() !== undefined);
        expect(JSON.parse(onChannel(session.messages, 3))).toMatchObject({
            status: 'Failure',
            code: 500,
            message: 'Internal error occurred: no such container',
        });
    });

    it('much output to a slow client stays bounded in memory', async () => {
        let written = 0;
        run = async ({ stdout, signal }) => {
            while (!signal.aborted && written < 64 * 1024 * 1024) {
                written += 65_536;
                if (stdout?.write(Buffer.alloc(65_536)) === false) {
                    await Promise.race([once(stdout, 'drain'), once(signal, 'abort')]);
                }
            }
            return exitStatus(0, []);
        };
        const session = await connect('/exec?stdout=1', ['v5.channel.k8s.io']);
        session.webSocket.pause();
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(written).toBeLessThan(32 * 1024 * 1024);
        session.webSocket.terminate();
    });

    it('a subprotocol that nobody knows is refused, so that the client can fall back', async () => {
        const webSocket = new WebSocket(`ws://127.0.0.1:${port}${all}`, ['v9.channel.k8s.io']);
        const [, response] = (await once(webSocket, 'unexpected-response')) as [
            unknown,
            { statusCode: number },
        ];
        expect(response.statusCode).toBe(403);
        webSocket.on('error', () => undefined);
        webSocket.terminate();
    });
});
