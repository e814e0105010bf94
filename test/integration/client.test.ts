import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1ConfigMap } from '../../src/api/meta/object.ts';
import type { Client } from '../../src/client/client.ts';
import { createHttpTransport } from '../../src/client/http-transport.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { LeaderElector } from '../../src/client/leader-election.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { createClient } from '../../src/client/rest-client.ts';
import { configMaps, events, pods } from '../../src/client/resource-type.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
    metadata: { name, namespace: 'default', labels: { app: name } },
    data,
});

let api: TestApiServer;
beforeAll(async () => {
    api = await startApiServer();
});
afterAll(async () => {
    await api.stop();
});

describe.each(['in-process', 'https'])('a client of a real API server, %s', (kind) => {
    let client: Client;
    beforeAll(() => {
        client = kind === 'https' ? createClient(createHttpTransport(api.config)) : api.admin;
    });
    afterAll(async () => {
        await api.admin.resource(configMaps).deleteCollection({ namespace: 'default' });
        if (kind === 'https') client.close();
    });

    it('creates, reads, updates, patches, lists and deletes', async () => {
        const resource = client.resource(configMaps);
        const created = await resource.create(configMap('crud', { a: '1' }));
        expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        const updated = await resource.update({ ...created, data: { a: '2' } });
        expect(updated.data).toEqual({ a: '2' });
        await expect(resource.update({ ...created, data: {} })).rejects.toMatchObject({ reason: 'Conflict' });
        const ref = { namespace: 'default', name: 'crud' };
        const patched = await resource.patch(ref, { type: 'merge', body: { data: { b: '3' } } });
        expect(patched.data).toEqual({ a: '2', b: '3' });
        const jsonPatch = [{ op: 'remove', path: '/data/a' }];
        expect((await resource.patch(ref, { type: 'json', body: jsonPatch })).data).toEqual({ b: '3' });
        const list = await resource.list({ namespace: 'default', labelSelector: 'app=crud' });
        expect(list.items).toHaveLength(1);
        expect(list.items[0]).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'crud' } });
        expect(await resource.get(ref)).toMatchObject({ data: { b: '3' } });
        await resource.delete(ref, { preconditions: { uid: created.metadata.uid ?? '' } });
        await expect(resource.get(ref)).rejects.toMatchObject({ reason: 'NotFound', code: 404 });
        await expect(resource.create({ metadata: { namespace: 'default' } })).rejects.toMatchObject({
            reason: 'Invalid',
        });
    });

    it('an informer sees the state, every change, and stops without leftovers', async () => {
        const resource = client.resource(configMaps);
        await resource.create(configMap('seen-before'));
        const factory = new InformerFactory(client, silentLogger());
        const informer = factory.informer(configMaps, { namespace: 'default' });
        const seen: string[] = [];
        informer.addHandler({
            added: ({ metadata }) => seen.push(`+${metadata.name}`),
            updated: ({ metadata }) => seen.push(`~${metadata.name}`),
            deleted: ({ metadata }) => seen.push(`-${metadata.name}`),
        });
        factory.start();
        await factory.waitForSync();
        expect(seen).toEqual(['+seen-before']);
        const created = await resource.create(configMap('seen-later'));
        await resource.update({ ...created, data: { x: 'y' } });
        await resource.delete({ namespace: 'default', name: 'seen-later' });
        await eventually('the informer follows', () => seen.length === 4);
        expect(seen.slice(1)).toEqual(['+seen-later', '~seen-later', '-seen-later']);
        await factory.stop();
        await resource.create(configMap('unseen'));
        expect(seen).toHaveLength(4);
    });

    it('a recorder writes an event and counts its repeats', async () => {
        const recorder = new EventRecorder({ client, component: `test-${kind}`, logger: silentLogger() });
        const about = await client.resource(configMaps).create(configMap(`about-${kind}`));
        for (let i = 0; i < 3; i++) recorder.event(about, 'Normal', 'Tested', 'it was tested');
        const found = await eventually('the event is counted', async () => {
            const list = await client.resource(events).list({
                namespace: 'default',
                fieldSelector: `involvedObject.name=about-${kind},reason=Tested`,
            });
            return list.items.find(({ count }) => count === 3);
        });
        expect(found).toMatchObject({ source: { component: `test-${kind}` }, message: 'it was tested' });
        await recorder.stop();
    });
});

describe('clients of a real API server', () => {
    it('in one process share the objects of the watch cache', async () => {
        const factories = ['one', 'two'].map(() => new InformerFactory(api.admin, silentLogger()));
        await api.admin.resource(configMaps).create(configMap('shared'));
        const found = await Promise.all(
            factories.map(async (factory) => {
                const informer = factory.informer(configMaps);
                factory.start();
                await factory.waitForSync();
                return informer.lister.get('default/shared');
            }),
        );
        expect(found[0]).toBeDefined();
        expect(found[0]).toBe(found[1]);
        expect(Object.isFrozen(found[0])).toBe(true);
        await Promise.all(factories.map(async (factory) => await factory.stop()));
    });

    it('without permission get Forbidden', async () => {
        const listing = api.serviceAccount('nobody').resource(pods).list();
        await expect(listing).rejects.toMatchObject({ reason: 'Forbidden', code: 403 });
    });

    it('elect one leader of two, and another one when it stops', async () => {
        const log: string[] = [];
        const electors = ['a', 'b'].map(
            (identity) =>
                new LeaderElector({
                    client: api.admin,
                    lease: { namespace: 'kube-system', name: 'test' },
                    identity,
                    logger: silentLogger(),
                    leaseDurationMs: 3000,
                    renewDeadlineMs: 2000,
                    retryPeriodMs: 100,
                    onStartedLeading: () => log.push(`${identity} leads`),
                    onStoppedLeading: () => log.push(`${identity} stopped`),
                }),
        );
        electors[0]!.start();
        await eventually('one leads', () => log.length === 1);
        electors[1]!.start();
        await electors[0]!.stop();
        await eventually('the other leads', () => log.includes('b leads'));
        expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
        await electors[1]!.stop();
    });

    it('follow again after the server was away, and miss nothing', async () => {
        const own = await startApiServer();
        const client = createClient(createHttpTransport(own.config));
        const factory = new InformerFactory(client, silentLogger());
        const informer = factory.informer(configMaps, { namespace: 'default' });
        const resource = client.resource(configMaps);
        await resource.create(configMap('stays'));
        await resource.create(configMap('goes'));
        factory.start();
        await factory.waitForSync();
        await own.restart();
        await eventually('the server is back', async () => {
            const listing = resource.list({ namespace: 'default' });
            return await listing.then(() => true).catch(() => false);
        });
        await resource.delete({ namespace: 'default', name: 'goes' });
        await resource.create(configMap('comes'));
        await eventually('the informer has caught up', () => {
            const names = informer.lister.list().map(({ metadata }) => metadata.name);
            return names.sort().join() === 'comes,stays';
        });
        await factory.stop();
        client.close();
        await own.stop();
    });
});
