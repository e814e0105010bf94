import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CoreV1Event, V1Pod } from '../api/meta/object.ts';
import { silentLogger } from '../util/logger.ts';
import { EventRecorder } from './event-recorder.ts';
import { createClient } from './rest-client.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';
import { ScriptedTransport } from './testing/scripted-transport.ts';

const pod: V1Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
};

describe('the event recorder', () => {
    let transport: ScriptedTransport;
    let clock: ManualClock;
    let recorder: EventRecorder;
    beforeEach(() => {
        transport = new ScriptedTransport();
        transport.answer = ({ body }) => ({ status: 201, body: { metadata: {}, ...(body as object) } });
        clock = new ManualClock(Date.parse('2024-01-31T10:20:30Z'));
        recorder = new EventRecorder({
            client: createClient(transport),
            component: 'kubelet',
            host: 'pi',
            logger: silentLogger(),
            clock,
        });
    });

    it('writes a core/v1 Event about the object', async () => {
        recorder.event(pod, 'Normal', 'Pulled', 'image is there', { fieldPath: 'spec.containers{web}' });
        await settle();
        expect(transport.requests).toHaveLength(1);
        expect(transport.requests[0]).toMatchObject({
            method: 'POST',
            path: '/api/v1/namespaces/shop/events',
            body: {
                metadata: { namespace: 'shop', name: `web.${(1706696430000n * 1_000_000n).toString(16)}` },
                involvedObject: {
                    kind: 'Pod',
                    apiVersion: 'v1',
                    name: 'web',
                    uid: 'u1',
                    resourceVersion: '7',
                    fieldPath: 'spec.containers{web}',
                },
                type: 'Normal',
                reason: 'Pulled',
                message: 'image is there',
                count: 1,
                firstTimestamp: '2024-01-31T10:20:30Z',
                source: { component: 'kubelet', host: 'pi' },
                reportingComponent: 'kubelet',
            },
        });
    });

    it('patches the count of an equal event instead of writing another', async () => {
        recorder.event(pod, 'Warning', 'BackOff', 'again');
        await clock.advance(5000);
        recorder.event(pod, 'Warning', 'BackOff', 'again');
        await settle();
        const [created, patched] = transport.requests;
        expect(patched).toMatchObject({
            method: 'PATCH',
            path: `/api/v1/namespaces/shop/events/${(created?.body as CoreV1Event).metadata.name}`,
            body: { count: 2, lastTimestamp: '2024-01-31T10:20:35Z' },
        });
    });

    it('writes the event anew when the one to patch has expired', async () => {
        recorder.event(pod, 'Warning', 'BackOff', 'again');
        await settle();
        transport.answer = ({ method, body }) =>
            method === 'PATCH' ? { status: 404, body: '' } : { status: 201, body };
        recorder.event(pod, 'Warning', 'BackOff', 'again');
        await settle();
        expect(transport.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
        expect(transport.requests[2]?.body).toMatchObject({ count: 2 });
    });

    it('combines many similar events and then silences the object for a while', async () => {
        for (let i = 0; i < 40; i++) recorder.event(pod, 'Warning', 'Failed', `message ${i}`);
        await settle();
        expect(transport.requests).toHaveLength(25);
        const combined = transport.requests.filter(({ method }) => method === 'PATCH');
        expect(combined.length).toBeGreaterThan(10);
        expect(combined[0]?.body).toMatchObject({
            message: expect.stringContaining('(combined from similar events): message'),
        });
        await clock.advance(300_000);
        recorder.event(pod, 'Warning', 'Failed', 'one more');
        await settle();
        expect(transport.requests).toHaveLength(26);
    });

    it('does not repeat what the server refuses, but what it could not be told', async () => {
        let tries = 0;
        transport.answer = () => {
            tries++;
            return { status: 403, body: '' };
        };
        recorder.event(pod, 'Normal', 'A', 'refused');
        await clock.advance(100_000);
        expect(tries).toBe(1);
        transport.answer = ({ body }) => {
            tries++;
            if (tries < 4) throw new Error('connect ECONNREFUSED');
            return { status: 201, body };
        };
        recorder.event(pod, 'Normal', 'B', 'retried');
        await clock.advance(100_000);
        expect(tries).toBe(4);
    });

    it('stops at once while the server is away', async () => {
        transport.answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
        recorder.event(pod, 'Normal', 'A', 'lost');
        await settle();
        await recorder.stop();
        expect(clock.pending).toBe(0);
    });
});
