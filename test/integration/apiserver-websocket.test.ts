import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { V1ConfigMap, V1Status } from '../../src/api/meta/object.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import { eventually } from './support/api-server.ts';

interface Event {
    type: string;
    object: V1ConfigMap & V1Status & { kind: string; rows?: { cells: unknown[] }[] };
}

/** What came, as text or bytes. */
interface Opened {
    webSocket: WebSocket;
    protocol: string;
    events: Event[];
    texts: string[];
}

const path = '/api/v1/namespaces/default/configmaps';
let api: ApiServerFixture;

beforeAll(async () => {
    api = await ApiServerFixture.start();
});

afterAll(async () => {
    await api.stop();
});

function dial(target: string, protocols: string[] = [], headers: Record<string, string> = {}): WebSocket {
    const { cert, key } = api.admin;
    const url = `${api.url.replace('https', 'wss')}${target}`;
    return new WebSocket(url, protocols, { cert, key, ca: api.ca, headers });
}

async function open(...args: Parameters<typeof dial>): Promise<Opened> {
    const webSocket = dial(...args);
    const opened: Opened = { webSocket, protocol: '', events: [], texts: [] };
    webSocket.on('message', (data: Buffer, isBinary) => {
        expect(isBinary).toBe(false);
        opened.texts.push(data.toString());
        opened.events.push(JSON.parse(data.toString()) as Event);
    });
    await once(webSocket, 'open');
    return { ...opened, protocol: webSocket.protocol };
}

async function refused(...args: Parameters<typeof dial>): Promise<{ status: number; body: V1Status }> {
    const webSocket = dial(...args);
    const [, response] = (await once(webSocket, 'unexpected-response')) as [
        unknown,
        AsyncIterable<Buffer> & { statusCode: number },
    ];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    return { status: response.statusCode, body: JSON.parse(text) as V1Status };
}

const configMap = (name: string, bytes = 0): object => ({
    metadata: { name },
    data: { x: 'x\n'.repeat(bytes) },
});

describe('a watch over a WebSocket', () => {
    it('tells each event as one text message', async () => {
        await api.call('POST', path, { body: configMap('first') });
        const { webSocket, events, texts } = await open(`${path}?watch=true`);
        await eventually('what is there', () => events.length === 1);
        await api.call('POST', path, { body: configMap('second', 2) });
        await api.call('DELETE', `${path}/first`);
        await eventually('what comes', () => events.length === 3);
        expect(events.map(({ type, object }) => [type, object.metadata?.name])).toEqual([
            ['ADDED', 'first'],
            ['ADDED', 'second'],
            ['DELETED', 'first'],
        ]);
        expect(events[1]?.object.data).toEqual({ x: 'x\nx\n' });
        expect(texts.every((text) => text.endsWith('}\n'))).toBe(true);
        webSocket.close();
        await once(webSocket, 'close');
    });

    it('ends when its time is over', async () => {
        const { webSocket } = await open(`${path}?watch=true&timeoutSeconds=1`);
        const [code] = (await once(webSocket, 'close')) as [number];
        expect(code).toBe(1000);
    });

    it('keeps what a slow reader has not taken, in order', async () => {
        const { webSocket, events } = await open(`${path}?watch=true&labelSelector=big`);
        webSocket.pause();
        const names = Array.from({ length: 40 }, (_, index) => `big-${index}`);
        for (const name of names) {
            const { metadata, ...rest } = configMap(name, 50_000) as { metadata: object };
            await api.call('POST', path, {
                body: { ...rest, metadata: { ...metadata, labels: { big: '' } } },
            });
        }
        webSocket.resume();
        await eventually('all of it', () => events.length === names.length);
        expect(events.map(({ object }) => object.metadata?.name)).toEqual(names);
        webSocket.close();
    });

    it('takes the protocol that a browser names beside its token', async () => {
        const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('unknown').toString('base64url')}`;
        const { protocol, webSocket } = await open(`${path}?watch=true`, [token, 'base64.binary.k8s.io']);
        expect(protocol).toBe('base64.binary.k8s.io');
        webSocket.close();
    });

    it('has the shape that is asked for', async () => {
        const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
        const { events, webSocket } = await open(
            `${path}?watch=true&fieldSelector=metadata.name%3Dsecond`,
            [],
            {
                accept,
            },
        );
        await eventually('the row', () => events.length === 1);
        expect(events[0]?.object).toMatchObject({
            kind: 'Table',
            rows: [{ cells: ['second', 1, expect.anything()] }],
        });
        webSocket.close();
    });

    it.each([
        [`${path}?watch=true&resourceVersion=x`, 422],
        ['/api/v1/namespaces/default/nothing?watch=true', 404],
        [path, 400],
    ])('is refused like any other request: %s', async (target, code) => {
        const { status, body } = await refused(target);
        expect({ status, kind: body.kind, code: body.code }).toEqual({ status: code, kind: 'Status', code });
    });
});
