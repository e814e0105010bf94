import type { V1ConfigMap } from '../../../src/api/meta/object.ts';
import type { Client } from '../../../src/client/client.ts';
import { configMaps } from '../../../src/client/resource-type.ts';
import { adminClient } from './client.ts';

export interface ApiRates {
    creates: number;
    gets: number;
    lists: number;
    listItems: number;
    fanOutEvents: number;
}

const namespace = 'default';
const clients = 20;
const creates = 3000;
const gets = 10_000;
const lists = 40;
const watchers = 100;
const fanOutWrites = 200;

/** Requests a second over HTTPS against a running API server; the client shares the machine with it. */
export async function measureApi(parameters: { kubeconfig: string }): Promise<ApiRates> {
    const connections = await Promise.all(
        Array.from({ length: clients }, async () => await adminClient(parameters.kubeconfig)),
    );
    const rateOf = async (
        total: number,
        work: (client: Client, i: number) => Promise<unknown>,
    ): Promise<number> => {
        const began = performance.now();
        let next = 0;
        await Promise.all(
            connections.map(async (client) => {
                while (next < total) await work(client, next++);
            }),
        );
        return (total / (performance.now() - began)) * 1000;
    };
    const create = await rateOf(
        creates,
        async (client, i) => await client.resource(configMaps).create(configMap(i)),
    );
    const get = await rateOf(
        gets,
        async (client, i) => await client.resource(configMaps).get({ namespace, name: nameOf(i % creates) }),
    );
    const list = await rateOf(
        lists,
        async (client) => await client.resource(configMaps).list({ namespace, resourceVersion: '0' }),
    );
    const fanOutEvents = await fanOut(connections);
    for (const client of connections) client.close();
    return { creates: create, gets: get, lists: list, listItems: creates, fanOutEvents };
}

/** Events a second that reach all watchers together. */
async function fanOut(connections: readonly Client[]): Promise<number> {
    const [first] = connections;
    if (first === undefined) return 0;
    const { metadata } = await first.resource(configMaps).list({ namespace, limit: 1 });
    const expected = watchers * fanOutWrites;
    let received = 0;
    let done: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
        done = resolve;
    });
    const onEvent = (): void => {
        received += 1;
        if (received === expected) done();
    };
    const resourceVersion = metadata.resourceVersion ?? '';
    const open = await Promise.all(
        Array.from(
            { length: watchers },
            async (_, i) =>
                await (connections[i % connections.length] ?? first)
                    .resource(configMaps)
                    .watch({ namespace, resourceVersion }, { onEvent, onEnd: () => undefined }),
        ),
    );
    const began = performance.now();
    await Promise.all(
        Array.from(
            { length: fanOutWrites },
            async (_, i) => await first.resource(configMaps).create(configMap(creates + i)),
        ),
    );
    await all;
    const rate = (expected / (performance.now() - began)) * 1000;
    for (const watch of open) watch.stop();
    return rate;
}

function nameOf(i: number): string {
    return `bench-${String(i).padStart(6, '0')}`;
}

function configMap(i: number): V1ConfigMap {
    return {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name: nameOf(i), labels: { app: 'bench' } },
        data: { key: 'x'.repeat(256) },
    };
}
