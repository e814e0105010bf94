import { afterEach, describe, expect, it } from '@jest/globals';
import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../../../api/meta/object.ts';
import { mandatoryFlowControl, suggestedFlowControl } from '../../../api/groups/flowcontrol/bootstrap.ts';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import type { ApiRequest } from '../request.ts';
import { parseRequestInfo } from '../request-info.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { allocate, limitsOf } from './concurrency.ts';
import { borrowingPeriodMs, FlowControl } from './flow-control.ts';
import { flowSchemas, priorityLevels } from './resources.ts';
import { RetryAfter } from './retry-after.ts';
import { deal, hashOf } from './shuffle-sharding.ts';
import { estimateWork, type ResourceStats } from './work-estimate.ts';

const never = new AbortController().signal;
const started: FlowControl[] = [];
afterEach(() => {
    for (const one of started.splice(0)) one.stop();
});

function request(username: string, groups: string[], method: string, url: string): ApiRequest {
    const [path = '', search = ''] = url.split('?');
    const query = new URLSearchParams(search);
    return {
        method,
        path,
        query,
        headers: {},
        signal: never,
        info: parseRequestInfo(method, path, query),
        identity: { username, uid: '', groups: [...groups, 'system:authenticated'], extra: {} },
        origin: { type: 'inProcess' },
    } as unknown as ApiRequest;
}

function controlled(options: { reader?: MemoryReader; stats?: ResourceStats; serverSeats?: number } = {}): {
    flow: FlowControl;
    clock: ManualClock;
    reader: MemoryReader;
} {
    const { reader = new MemoryReader(), stats, serverSeats = 600 } = options;
    const clock = new ManualClock();
    const flow = new FlowControl({
        reader,
        clock,
        serverSeats,
        waitMaxMs: 15_000,
        statsOf: () => stats,
    });
    flow.start();
    started.push(flow);
    return { flow, clock, reader };
}

const pods = '/api/v1/namespaces/default/pods';

describe('classification', () => {
    it.each([
        ['admin', ['system:masters'], 'GET', pods, 'exempt'],
        ['system:node:a', ['system:nodes'], 'PATCH', '/api/v1/nodes/a/status', 'system-node-high'],
        ['system:node:a', ['system:nodes'], 'GET', pods, 'system-nodes'],
        ['system:kube-scheduler', [], 'GET', pods, 'kube-scheduler'],
        [
            'system:kube-controller-manager',
            [],
            'PUT',
            '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a',
            'system-leader-election',
        ],
        [
            'system:kube-controller-manager',
            [],
            'PUT',
            '/api/v1/namespaces/a/endpoints/b',
            'endpoint-controller',
        ],
        [
            'system:serviceaccount:kube-system:job-controller',
            ['system:serviceaccounts'],
            'GET',
            pods,
            'kube-system-service-accounts',
        ],
        ['system:serviceaccount:default:x', ['system:serviceaccounts'], 'GET', pods, 'service-accounts'],
        ['jane', [], 'GET', pods, 'global-default'],
        ['jane', [], 'GET', '/healthz', 'probes'],
        ['jane', [], 'GET', '/healthz/etcd', 'global-default'],
    ])('takes %s %j %s %s to %s', (user, groups, method, path, expected) => {
        const { flow } = controlled();
        expect(flow.admit(request(user, groups, method, path)).schema.name).toBe(expected);
    });

    it('follows its configuration: a schema of lower precedence number wins, a dangling one is left out', async () => {
        const { flow, reader, clock } = controlled();
        reader.set(priorityLevels, ...mandatoryFlowControl.priorityLevels);
        reader.set(flowSchemas, ...mandatoryFlowControl.flowSchemas);
        const schema = (name: string, level: string, matchingPrecedence: number): V1FlowSchema => ({
            metadata: { name, uid: `uid-${name}` },
            spec: {
                priorityLevelConfiguration: { name: level },
                matchingPrecedence,
                rules: [
                    {
                        subjects: [{ kind: 'User', user: { name: 'jane' } }],
                        resourceRules: [
                            { verbs: ['*'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] },
                        ],
                    },
                ],
            },
        });
        reader.set(flowSchemas, schema('b', 'catch-all', 500), schema('a', 'missing', 400));
        await clock.advance(0);
        const one = flow.admit(request('jane', [], 'GET', pods));
        expect(one.schema).toMatchObject({ name: 'b', uid: 'uid-b' });
        expect(flow.admit(request('jane', [], 'GET', '/api/v1/pods')).schema.name).toBe('catch-all');
        reader.remove(flowSchemas, schema('b', 'catch-all', 500));
        await clock.advance(0);
        expect(flow.admit(request('jane', [], 'GET', pods)).schema.name).toBe('catch-all');
    });
});

describe('seats', () => {
    it('are divided by shares as upstream divides them', () => {
        const { flow } = controlled();
        const nominal = Object.fromEntries(flow.levels.map(({ name, limits }) => [name, limits.nominal]));
        expect(nominal).toEqual({
            exempt: 0,
            'catch-all': 13,
            system: 74,
            'node-high': 98,
            'leader-election': 25,
            'workload-high': 98,
            'workload-low': 245,
            'global-default': 49,
        });
    });

    it('that others do not use are lent to who asks, within the limits, and come back', async () => {
        const { flow, clock } = controlled({ serverSeats: 60 });
        const level = flow.levels.find(({ name }) => name === 'global-default');
        const ask = (): ReturnType<FlowControl['admit']> => flow.admit(request('jane', [], 'GET', pods));
        const before = level?.current ?? 0;
        const running = Array.from({ length: 40 }, ask);
        await clock.advance(borrowingPeriodMs);
        expect(level?.current).toBeGreaterThan(before * 3);
        expect(level?.queueSet.executing).toBe(level?.current);
        const lent = flow.levels.filter(({ name }) => name !== 'global-default');
        for (const { current, limits, isExempt } of lent) {
            if (!isExempt) expect(current).toBeGreaterThanOrEqual(limits.lower);
        }
        // Requests that could not wait any longer are gone; the others end now.
        for (const { seated } of running) seated.finish();
        const nodes = Array.from({ length: 10 }, () =>
            flow.admit(request('system:node:a', ['system:nodes'], 'PATCH', '/api/v1/nodes/a/status')),
        );
        for (const { seated } of running) if (seated.state === 'executing') seated.finish();
        await clock.advance(borrowingPeriodMs);
        const high = flow.levels.find(({ name }) => name === 'node-high');
        expect(high?.current).toBeGreaterThanOrEqual(Math.min(10, high?.limits.nominal ?? 0));
        expect(nodes.every(({ seated }) => seated.state === 'executing')).toBe(true);
    });

    it('of system flows are there while a user floods the server', () => {
        const { flow } = controlled();
        for (let i = 0; i < 5000; i++) flow.admit(request(`user-${i % 3}`, [], 'GET', pods));
        for (const [user, groups] of [
            ['system:node:a', ['system:nodes']],
            ['system:kube-scheduler', []],
            ['admin', ['system:masters']],
        ] as const) {
            expect(flow.admit(request(user, [...groups], 'GET', pods)).seated.state).toBe('executing');
        }
    });

    it('are allocated in proportion to targets within bounds', () => {
        const allocation = allocate(100, [
            { lower: 10, upper: 100, target: 10 },
            { lower: 0, upper: 30, target: 90 },
            { lower: 0, upper: 100, target: 20 },
        ]);
        expect(allocation?.seats.map(Math.round)).toEqual([23, 30, 47]);
        expect(allocate(10, [{ lower: 20, upper: 30, target: 20 }])).toBeUndefined();
        const limits = limitsOf([{ shares: 10, lendablePercent: 50, borrowingLimitPercent: 100 }], 100);
        expect(limits).toEqual([{ nominal: 100, lower: 50, upper: 200 }]);
    });

    it('cost microseconds', () => {
        const { flow } = controlled({ stats: { objects: 10, averageObjectBytes: 1000, watchers: 3 } });
        const one = request('system:serviceaccount:default:x', ['system:serviceaccounts'], 'GET', pods);
        for (let i = 0; i < 20_000; i++) flow.admit(one).seated.finish();
        const startMs = performance.now();
        for (let i = 0; i < 50_000; i++) flow.admit(one).seated.finish();
        const microseconds = ((performance.now() - startMs) * 1000) / 50_000;
        process.stdout.write(`flow control: ${microseconds.toFixed(2)} µs for each request\n`);
        expect(flow.stats.find(({ schema }) => schema === 'service-accounts')?.dispatched).toBe(70_000);
    });
});

describe('work estimates', () => {
    const stats: ResourceStats = { objects: 500, averageObjectBytes: 1000, watchers: 40 };
    const of = (method: string, url: string, seatsMax = 0): unknown =>
        estimateWork(request('jane', [], method, url), () => stats, seatsMax);
    it.each([
        ['GET', `${pods}/a`, { seats: 1, finalSeats: 0 }],
        ['GET', pods, { seats: 5 }],
        ['GET', `${pods}?limit=100`, { seats: 1 }],
        ['GET', `${pods}?fieldSelector=metadata.name=a`, { seats: 1 }],
        ['GET', `${pods}?watch=1`, { seats: 1 }],
        ['GET', `${pods}?watch=1&sendInitialEvents=true`, { seats: 5 }],
        ['POST', pods, { seats: 1, finalSeats: 4, finalMs: 5 }],
        ['POST', `${pods}?dryRun=All`, { seats: 1, finalSeats: 0 }],
        ['PUT', '/apis/coordination.k8s.io/v1/namespaces/a/leases/b', { seats: 1, finalSeats: 0 }],
    ])('%s %s', (method, url, expected) => {
        expect(of(method, url)).toMatchObject(expected);
    });

    it('stay within what one request may take of its level', () => {
        expect(of('GET', pods, 3)).toMatchObject({ seats: 3 });
        expect(of('POST', pods, 2)).toMatchObject({ finalSeats: 2, finalMs: 10 });
    });
});

describe('shuffle sharding', () => {
    it('deals different cards, the same ones each time, evenly', () => {
        const counts = new Map<number, number>();
        for (let i = 0; i < 2000; i++) {
            const hand = deal(hashOf(`flow-${i}`), 64, 6);
            expect(new Set(hand).size).toBe(6);
            expect(hand).toEqual(deal(hashOf(`flow-${i}`), 64, 6));
            for (const card of hand) counts.set(card, (counts.get(card) ?? 0) + 1);
        }
        expect(counts.size).toBe(64);
        expect(Math.min(...counts.values())).toBeGreaterThan(120);
        expect(Math.max(...counts.values())).toBeLessThan(270);
        expect(deal(37n, 5, 3)).toEqual([2, 4, 1]);
    });
});

describe('Retry-After', () => {
    it('grows while a level refuses a lot and shrinks when it is quiet', async () => {
        const clock = new ManualClock();
        const retryAfter = new RetryAfter(clock);
        const second = async (refusals: number): Promise<number> => {
            let last = 0;
            for (let i = 0; i < refusals; i++) last = retryAfter.noteRefusal();
            await clock.advance(1000);
            return last;
        };
        expect([await second(100), await second(100), await second(100)]).toEqual([1, 2, 4]);
        await clock.advance(10_000);
        expect(await second(1)).toBe(4);
        expect(await second(1)).toBe(2);
    });
});

it('the suggested configuration names only levels that exist', () => {
    const names = [...mandatoryFlowControl.priorityLevels, ...suggestedFlowControl.priorityLevels].map(
        ({ metadata }: V1PriorityLevelConfiguration) => metadata?.name,
    );
    for (const { spec } of [...mandatoryFlowControl.flowSchemas, ...suggestedFlowControl.flowSchemas]) {
        expect(names).toContain(spec?.priorityLevelConfiguration.name);
    }
});
