import { beforeEach, describe, expect, it } from '@jest/globals';
import type { V1Lease } from '../api/meta/object.ts';
import { silentLogger } from '../util/logger.ts';
import { LeaderElector } from './leader-election.ts';
import { createClient } from './rest-client.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { ScriptedTransport } from './testing/scripted-transport.ts';
import type { TransportRequest, TransportResponse } from './transport.ts';

/** One lease with optimistic locking, as the API server keeps it. */
class LeaseServer {
    lease: V1Lease | undefined;
    #version = 0;

    answer(request: TransportRequest): TransportResponse {
        const failure = (code: number, reason: string): TransportResponse => ({
            status: code,
            body: { kind: 'Status', code, reason },
        });
        const given = request.body as V1Lease;
        switch (request.method) {
            case 'GET':
                return this.lease === undefined
                    ? failure(404, 'NotFound')
                    : { status: 200, body: this.lease };
            case 'POST':
                if (this.lease !== undefined) return failure(409, 'AlreadyExists');
                break;
            default:
                if (given.metadata?.resourceVersion !== this.lease?.metadata?.resourceVersion) {
                    return failure(409, 'Conflict');
                }
        }
        const resourceVersion = String(++this.#version);
        this.lease = { ...given, metadata: { ...given.metadata, resourceVersion } };
        return { status: 200, body: this.lease };
    }
}

describe('leader election', () => {
    let clock: ManualClock;
    let server: LeaseServer;
    let log: string[];
    beforeEach(() => {
        clock = new ManualClock();
        server = new LeaseServer();
        log = [];
    });

    function candidate(identity: string): { elector: LeaderElector; transport: ScriptedTransport } {
        const transport = new ScriptedTransport();
        transport.answer = (request) => server.answer(request);
        const elector = new LeaderElector({
            client: createClient(transport),
            lease: { namespace: 'kube-system', name: 'kube-scheduler' },
            identity,
            logger: silentLogger(),
            clock,
            random: () => 0,
            onStartedLeading: () => log.push(`${identity} leads`),
            onStoppedLeading: () => log.push(`${identity} stopped`),
        });
        return { elector, transport };
    }

    it('gives the lease to one candidate, who keeps it with one request per period', async () => {
        const a = candidate('a');
        const b = candidate('b');
        a.elector.start();
        await clock.advance(0);
        b.elector.start();
        await clock.advance(60_000);
        expect(log).toEqual(['a leads']);
        expect(server.lease?.spec).toMatchObject({
            holderIdentity: 'a',
            leaseDurationSeconds: 15,
            leaseTransitions: 0,
        });
        expect(a.transport.requests).toHaveLength(32);
        await a.elector.stop();
        await b.elector.stop();
    });

    it('hands over at the next try of the other when the leader stops', async () => {
        const a = candidate('a');
        const b = candidate('b');
        a.elector.start();
        await clock.advance(10);
        b.elector.start();
        await clock.advance(10_000);
        await a.elector.stop();
        await clock.advance(2500);
        expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
        expect(server.lease?.spec?.leaseTransitions).toBe(1);
        await b.elector.stop();
    });

    it('a leader that is cut off stops leading before another one starts', async () => {
        const a = candidate('a');
        const b = candidate('b');
        a.elector.start();
        await clock.advance(10);
        b.elector.start();
        await clock.advance(10_000);
        a.transport.answer = () => Promise.reject(new Error('connect ETIMEDOUT'));
        await clock.advance(12_100);
        expect(log).toEqual(['a leads', 'a stopped']);
        expect(a.elector.isLeader).toBe(false);
        await clock.advance(10_000);
        expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
        await a.elector.stop();
        await b.elector.stop();
    });

    it('a leader whose requests hang stops leading too', async () => {
        const { elector, transport } = candidate('a');
        elector.start();
        await clock.advance(5000);
        let fail: (error: Error) => void = () => undefined;
        transport.answer = async () =>
            await new Promise((_, reject) => {
                fail = reject;
            });
        await clock.advance(15_000);
        expect(log).toEqual(['a leads', 'a stopped']);
        transport.answer = (request) => server.answer(request);
        fail(new Error('reset'));
        await elector.stop();
    });

    it('sees at once that somebody else has taken the lease', async () => {
        const { elector } = candidate('a');
        elector.start();
        await clock.advance(3000);
        const lease = server.lease!;
        server.answer({
            method: 'PUT',
            path: '',
            body: { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } },
        });
        await clock.advance(2500);
        expect(log).toEqual(['a leads', 'a stopped']);
        await elector.stop();
    });

    it('refuses periods that could let two lead', () => {
        const options = { renewDeadlineMs: 15_000, leaseDurationMs: 15_000 };
        expect(
            () =>
                new LeaderElector({
                    ...options,
                    client: createClient(new ScriptedTransport()),
                    lease: { namespace: 'a', name: 'b' },
                    identity: 'x',
                    logger: silentLogger(),
                    onStartedLeading: () => undefined,
                    onStoppedLeading: () => undefined,
                }),
        ).toThrow('leaseDuration must be greater than renewDeadline');
    });
});
