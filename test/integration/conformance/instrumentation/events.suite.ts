import { expect, it } from '@jest/globals';
import type { EventsV1Event } from '../../../../src/api/meta/object.ts';
import type { Cluster } from '../support/cluster.ts';
import type { Live } from '../support/objects.ts';

type Event = Live<EventsV1Event>;

const newEvent = (namespace: string, name: string): object => ({
    metadata: { name, labels: { 'testevent-constant': 'true' } },
    action: 'Do',
    reason: 'Test',
    type: 'Normal',
    note: `This is ${name}`,
    eventTime: '2026-01-02T03:04:05.678901Z',
    reportingController: 'test-controller',
    reportingInstance: 'test-node',
    regarding: { namespace },
});
const coreEvent = (namespace: string, name: string): object => ({
    metadata: { name, labels: { 'testevent-set': 'true' } },
    message: `This is ${name}`,
    reason: 'Test',
    type: 'Normal',
    count: 1,
    involvedObject: { namespace },
});

/** Events of both APIs, which are one resource. */
export function eventCases(cluster: () => Cluster): void {
    it('an event can be created, listed, patched, updated with a series and deleted', async () => {
        const namespace = await cluster().namespace('events');
        const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
        const selector = 'labelSelector=testevent-constant%3Dtrue';
        await cluster().create(path, newEvent(namespace, 'event-test'));
        for (const where of [path, '/apis/events.k8s.io/v1/events']) {
            const { items } = await cluster().list<Event>(`${where}?${selector}`);
            expect(items.map(({ metadata }) => metadata.name)).toEqual(['event-test']);
        }
        const own = `${path}/event-test`;
        const first = await cluster().get<Event>(own);
        expect(first).toMatchObject(newEvent(namespace, 'event-test'));

        // As a client that computes a patch from an object that it changed.
        const series = { count: 100, lastObservedTime: '1999-12-31T23:59:59.000000Z' };
        await cluster().patch(own, 'strategic', { series });
        const patched = await cluster().get<Event>(own);
        expect(patched.series).toEqual(series);

        const next = { count: 123, lastObservedTime: '2001-01-01T00:00:00.500000Z' };
        await cluster().change<Event>(own, (event) => {
            event.series = next;
        });
        const updated = await cluster().get<Event>(own);
        expect(updated.series).toEqual(next);
        expect({ ...updated, series: undefined, metadata: undefined }).toEqual({
            ...first,
            series: undefined,
            metadata: undefined,
        });

        await cluster().delete(own);
        for (const where of [path, '/apis/events.k8s.io/v1/events']) {
            expect((await cluster().list(`${where}?${selector}`)).items).toEqual([]);
        }
    });

    it('a collection of events of events.k8s.io goes by its label', async () => {
        const namespace = await cluster().namespace('events');
        const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
        for (const name of ['test-event-1', 'test-event-2', 'test-event-3']) {
            await cluster().create(path, newEvent(namespace, name));
        }
        const selector = 'labelSelector=testevent-constant%3Dtrue';
        expect((await cluster().list(`${path}?${selector}`)).items).toHaveLength(3);
        await cluster().must('DELETE', `${path}?${selector}`);
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
    });

    it('a collection of events of the core group goes by its label', async () => {
        const namespace = await cluster().namespace('events');
        const path = `/api/v1/namespaces/${namespace}/events`;
        for (const name of ['test-event-1', 'test-event-2', 'test-event-3']) {
            await cluster().create(path, coreEvent(namespace, name));
        }
        const selector = 'labelSelector=testevent-set%3Dtrue';
        expect((await cluster().list(`${path}?${selector}`)).items).toHaveLength(3);
        await cluster().must('DELETE', `${path}?${selector}`);
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
    });

    it('an event of the core group can be found in all namespaces, patched and deleted', async () => {
        const namespace = await cluster().namespace('events');
        const path = `/api/v1/namespaces/${namespace}/events`;
        await cluster().create(path, coreEvent(namespace, 'single'));
        const all = await cluster().list(`/api/v1/events?labelSelector=testevent-set%3Dtrue`);
        expect(all.items.map(({ metadata }) => metadata.name)).toContain('single');
        await cluster().patch(`${path}/single`, 'strategic', { message: 'This is a test event - patched' });
        const found = await cluster().list<Live<{ message: string }>>(
            `${path}?fieldSelector=reason%3DTest,involvedObject.namespace%3D${namespace}`,
        );
        expect(found.items.map(({ message }) => message)).toEqual(['This is a test event - patched']);
        await cluster().delete(`${path}/single`);
        expect((await cluster().list(path)).items).toEqual([]);
    });
}
