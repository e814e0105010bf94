import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StatusError } from '../api/meta/status-error.ts';
import { createHttpTransport } from './http-transport.ts';
import type { ClientConfig } from './kubeconfig.ts';
import { createClient } from './rest-client.ts';
import { configMaps } from './resource-type.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { Transport, WatchEvent } from './transport.ts';

describe('the HTTP transport', () => {
    let server: http.Server;
    let handle: (request: http.IncomingMessage, response: http.ServerResponse) => void;
    let config: ClientConfig;
    let transport: Transport;

    beforeEach(async () => {
        server = http.createServer((request, response) => {
            handle(request, response);
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as AddressInfo;
        config = { server: `http://127.0.0.1:${port}`, namespace: 'default' };
        transport = createHttpTransport(config);
    });
    afterEach(async () => {
        transport.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    });

    const json = (response: http.ServerResponse, status: number, body: unknown, headers = {}): void => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
    };

    it('sends a body with its length and gives back status and decoded answer', async () => {
        handle = (request, response) => {
            let text = '';
            request.on('data', (chunk: Buffer) => (text += chunk.toString()));
            request.on('end', () =>
                json(response, 201, {
                    got: JSON.parse(text) as unknown,
                    type: request.headers['content-type'],
                }),
            );
        };
        const answer = await transport.request({
            method: 'POST',
            path: '/api/v1/x?dryRun=All',
            body: { a: 1 },
        });
        expect(answer).toEqual({ status: 201, body: { got: { a: 1 }, type: 'application/json' } });
    });

    it('uses one connection for requests that follow each other', async () => {
        const ports = new Set<number | undefined>();
        handle = (request, response) => {
            ports.add(request.socket.remotePort);
            json(response, 200, {});
        };
        for (let i = 0; i < 3; i++) await transport.request({ method: 'GET', path: '/' });
        expect(ports.size).toBe(1);
    });

    it('repeats a request that was answered 429 with Retry-After, by its own clock', async () => {
        const clock = new ManualClock();
        transport = createHttpTransport(config, { clock });
        let calls = 0;
        handle = (_, response) => {
            calls++;
            if (calls === 1) json(response, 429, {}, { 'retry-after': '2' });
            else json(response, 200, { calls });
        };
        const answer = transport.request({ method: 'GET', path: '/' });
        while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        expect(calls).toBe(1);
        await clock.advance(2000);
        expect((await answer).body).toEqual({ calls: 2 });
    });

    it('does not repeat 429 without Retry-After, nor other refusals', async () => {
        let calls = 0;
        handle = (_, response) => {
            calls++;
            json(response, calls === 1 ? 429 : 409, {});
        };
        expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(429);
        expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(409);
        expect(calls).toBe(2);
    });

    it('delivers watch events however they are cut, and says when the stream ends', async () => {
        const events: WatchEvent[] = [];
        handle = (_, response) => {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.write('{"type":"ADDED","object":{"metadata":{"na');
            setTimeout(() => response.end('me":"a"}}}\n{"type":"BOOKMARK","object":{}}\n'), 5);
        };
        const end = await new Promise((resolve) => {
            void transport.watch(
                { method: 'GET', path: '/api/v1/pods?watch=1' },
                { onEvent: (event) => events.push(event), onEnd: resolve },
            );
        });
        expect(end).toBeUndefined();
        expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    });

    it('reports a broken watch connection and garbage as errors', async () => {
        for (const text of ['{"type":"ADD', 'no json\n']) {
            handle = (_, response) => {
                response.writeHead(200);
                response.write(text);
                setTimeout(() => response.destroy(), 5);
            };
            const end = await new Promise((resolve) => {
                void transport.watch(
                    { method: 'GET', path: '/?watch=1' },
                    { onEvent: () => undefined, onEnd: resolve },
                );
            });
            expect(end).toMatchObject({ message: expect.any(String) });
        }
    });

    it('does not call back after a watch was stopped', async () => {
        handle = (_, response) => response.writeHead(200).flushHeaders();
        let ended = false;
        const watch = await transport.watch(
            { method: 'GET', path: '/?watch=1' },
            { onEvent: () => undefined, onEnd: () => (ended = true) },
        );
        watch.stop();
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(ended).toBe(false);
    });

    it('rejects a refused watch with the Status of the answer', async () => {
        handle = (_, response) =>
            json(response, 410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
        const watching = createClient(transport)
            .resource(configMaps)
            .watch({ resourceVersion: '1' }, { onEvent: () => undefined, onEnd: () => undefined });
        await expect(watching).rejects.toMatchObject({ reason: 'Expired', code: 410 });
    });

    it('turns text answers into status errors, too', async () => {
        handle = (_, response) => response.writeHead(403).end('no way');
        const getting = createClient(transport).resource(configMaps).get({ namespace: 'a', name: 'b' });
        await expect(getting).rejects.toBeInstanceOf(StatusError);
        await expect(getting).rejects.toMatchObject({ reason: 'Forbidden', message: 'no way' });
    });

    it('rejects when nobody answers in time, when aborted and when closed', async () => {
        handle = () => undefined;
        const impatient = createHttpTransport(config, { idleTimeoutMs: 20 });
        await expect(impatient.request({ method: 'GET', path: '/' })).rejects.toThrow(
            'no answer within 20 ms',
        );
        impatient.close();
        const abort = new AbortController();
        const aborted = transport.request({ method: 'GET', path: '/', signal: abort.signal });
        abort.abort();
        await expect(aborted).rejects.toThrow();
        const closed = transport.request({ method: 'GET', path: '/' });
        transport.close();
        await expect(closed).rejects.toThrow();
    });

    it('sends a rotated token once it has looked at the file again', async () => {
        const directory = await mkdtemp(join(tmpdir(), 'hyperkube-client-'));
        const path = join(directory, 'token');
        const clock = new ManualClock();
        handle = (request, response) => json(response, 200, request.headers.authorization);
        transport = createHttpTransport({ ...config, token: { type: 'file', path } }, { clock });
        const token = async (): Promise<unknown> =>
            (await transport.request({ method: 'GET', path: '/' })).body;
        await writeFile(path, 'one\n');
        expect(await token()).toBe('Bearer one');
        await writeFile(path, 'second\n');
        expect(await token()).toBe('Bearer one');
        await clock.advance(10_000);
        expect(await token()).toBe('Bearer second');
        await rm(path);
        await clock.advance(10_000);
        expect(await token()).toBe('Bearer second');
        await rm(directory, { recursive: true });
    });
});
