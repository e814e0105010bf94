import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject, V1ConfigMap, V1Status } from '../api/meta/object.ts';
import { statusErrors } from '../api/meta/status-error.ts';
import { silentLogger } from '../util/logger.ts';
import { InformerFactory } from './informer-factory.ts';
import type { Informer } from './informer.ts';
import { createClient } from './rest-client.ts';
import { configMaps } from './resource-type.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';
import { ScriptedTransport } from './testing/scripted-transport.ts';
import type { WatchEvent } from './transport.ts';

const configMap = (name: string, resourceVersion: string, uid = `uid-${name}`): ApiObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', resourceVersion, uid, labels: { app: name } },
});
const event = (type: WatchEvent['type'], object: ApiObject): WatchEvent => ({ type, object });
const bookmark = (resourceVersion: string, end = false): WatchEvent =>
    event('BOOKMARK', {
        kind: 'ConfigMap',
        metadata: {
            resourceVersion,
            ...(end ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
        },
    });
const error = (status: V1Status): WatchEvent => event('ERROR', { ...status, kind: 'Status' });

describe('an informer', () => {
    let transport: ScriptedTransport;
    let clock: ManualClock;
    let factory: InformerFactory;
    let informer: Informer<V1ConfigMap>;
    let seen: string[];

    beforeEach(() => {
        transport = new ScriptedTransport();
        clock = new ManualClock();
        factory = new InformerFactory(createClient(transport), silentLogger(), clock);
        informer = factory.informer(configMaps);
        seen = [];
        informer.addHandler({
            added: ({ metadata }) => seen.push(`+${metadata.name}`),
            updated: ({ metadata }, old) =>
                seen.push(`${metadata.name}:${old.metadata.resourceVersion}>${metadata.resourceVersion}`),
            deleted: ({ metadata }) => seen.push(`-${metadata.name}`),
        });
    });
    afterEach(async () => {
        await factory.stop();
    });

    async function started(): Promise<void> {
        factory.start();
        await settle();
        transport.current.send(
            event('ADDED', configMap('a', '1')),
            event('ADDED', configMap('b', '2')),
            bookmark('2', true),
        );
    }

    it('asks for a streaming list and is synced only at its end', async () => {
        factory.start();
        await settle();
        const query = new URLSearchParams(transport.current.path.split('?')[1]);
        expect(Object.fromEntries(query)).toMatchObject({
            watch: '1',
            sendInitialEvents: 'true',
            resourceVersionMatch: 'NotOlderThan',
            allowWatchBookmarks: 'true',
        });
        transport.current.send(event('ADDED', configMap('a', '1')), bookmark('1'));
        expect(informer.synced).toBe(false);
        expect(seen).toEqual([]);
        transport.current.send(bookmark('2', true));
        expect(informer.synced).toBe(true);
        expect(seen).toEqual(['+a']);
        await factory.waitForSync();
    });

    it('keeps the objects it is given by reference', async () => {
        factory.start();
        await settle();
        const object = Object.freeze(configMap('a', '1'));
        transport.current.send(event('ADDED', object), bookmark('1', true));
        expect(informer.lister.get('default/a')).toBe(object);
    });

    it('follows changes and resumes from the last bookmark when the stream ends', async () => {
        await started();
        transport.current.send(
            event('MODIFIED', configMap('a', '3')),
            event('DELETED', configMap('b', '4')),
            bookmark('9'),
        );
        transport.current.handler.onEnd(undefined);
        await settle();
        expect(seen).toEqual(['+a', '+b', 'a:1>3', '-b']);
        expect(transport.watches).toHaveLength(2);
        const query = new URLSearchParams(transport.current.path.split('?')[1]);
        expect(query.get('resourceVersion')).toBe('9');
        expect(query.has('sendInitialEvents')).toBe(false);
    });

    it.each([
        ['as an event', true],
        ['as an answer', false],
    ])('lists again after 410 %s and reports what vanished as deleted', async (_, asEvent) => {
        await started();
        if (asEvent) {
            transport.current.send(error({ code: 410, reason: 'Expired', message: 'too old' }));
        } else {
            transport.accept = (path) => {
                if (!path.includes('sendInitialEvents')) throw statusErrors.expired('too old');
            };
            transport.current.handler.onEnd(undefined);
        }
        await settle();
        expect(transport.current.path).toContain('sendInitialEvents=true');
        transport.current.send(
            event('ADDED', configMap('a', '1')),
            event('ADDED', configMap('c', '7')),
            bookmark('8', true),
        );
        expect(seen).toEqual(['+a', '+b', '-b', '+c']);
    });

    it('reports an object that was replaced by another of the same name as deleted and added', async () => {
        await started();
        transport.current.send(error({ code: 410, reason: 'Gone' }));
        await settle();
        transport.current.send(
            event('ADDED', configMap('a', '9', 'other')),
            event('ADDED', configMap('b', '2')),
            bookmark('9', true),
        );
        expect(seen).toEqual(['+a', '+b', '-a', '+a']);
    });

    it('falls back to list and watch when the server refuses streaming lists', async () => {
        transport.accept = (path) => {
            if (path.includes('sendInitialEvents')) throw statusErrors.badRequest('forbidden for watch');
        };
        transport.answer = () => ({
            status: 200,
            body: {
                kind: 'ConfigMapList',
                metadata: { resourceVersion: '5' },
                items: [{ metadata: { name: 'a' } }],
            },
        });
        factory.start();
        await settle();
        expect(seen).toEqual(['+a']);
        expect(informer.lister.list()[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
        expect(transport.current.path).toContain('resourceVersion=5');
    });

    it('backs off, with growing delays, while the server cannot be reached', async () => {
        let tries = 0;
        transport.accept = () => {
            tries++;
            throw new Error('connect ECONNREFUSED');
        };
        factory.start();
        await clock.advance(250);
        expect(tries).toBeGreaterThanOrEqual(2);
        const early = tries;
        await clock.advance(10_000);
        expect(tries - early).toBeLessThan(10);
        transport.accept = () => undefined;
        await clock.advance(60_000);
        transport.current.send(bookmark('1', true));
        expect(informer.synced).toBe(true);
    });

    it('does not reopen a watch in a loop that ends at once', async () => {
        await started();
        for (let i = 0; i < 3; i++) {
            transport.current.handler.onEnd(undefined);
            await settle();
        }
        expect(transport.watches).toHaveLength(2);
    });

    it('goes on when a handler throws', async () => {
        informer.addHandler({
            added: () => {
                throw new Error('a bug');
            },
        });
        await started();
        expect(seen).toEqual(['+a', '+b']);
    });

    it('gives a late handler everything that is there', async () => {
        await started();
        const late: string[] = [];
        const remove = informer.addHandler({ added: ({ metadata }) => late.push(metadata.name) });
        remove();
        transport.current.send(event('ADDED', configMap('c', '3')));
        expect(late).toEqual(['a', 'b']);
    });

    it('keeps its indexes in step with changes', async () => {
        informer.addIndex('app', ({ metadata }) => [metadata.labels?.['app'] ?? '']);
        await started();
        const changed = configMap('a', '3');
        transport.current.send(
            event('MODIFIED', { ...changed, metadata: { ...changed.metadata, labels: { app: 'b' } } }),
        );
        expect(informer.lister.byIndex('app', 'a')).toEqual([]);
        expect(informer.lister.byIndex('app', 'b').map(({ metadata }) => metadata.name)).toEqual(['b', 'a']);
        expect(informer.lister.list('default')).toHaveLength(2);
        expect(informer.lister.list('other')).toEqual([]);
    });

    it('is shared by all who ask for the same resource and selection', () => {
        expect(factory.informer(configMaps)).toBe(informer);
        expect(factory.informer(configMaps, { namespace: 'x' })).not.toBe(informer);
    });

    it('stops its stream and rejects who waits for it', async () => {
        const abort = new AbortController();
        factory.start();
        await settle();
        const waiting = factory.waitForSync(abort.signal);
        abort.abort();
        await expect(waiting).rejects.toThrow('aborted');
        await factory.stop();
        expect(transport.current.stopped).toBe(true);
        expect(clock.pending).toBe(0);
    });
});
