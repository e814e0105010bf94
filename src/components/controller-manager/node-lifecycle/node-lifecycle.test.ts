import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import type { Stored, V1Lease, V1Node, V1Taint } from '../../../api/meta/object.ts';
import { EvictionPace } from './eviction-pace.ts';
import { Heartbeats } from './heartbeats.ts';
import { lostConditions, outdatedLabels } from './lost-node.ts';
import { wantedTaints, type NoExecutePolicy } from './node-taints.ts';
import { evictionInterval, isAllDisrupted, zonesOf } from './zones.ts';

const now = '2024-01-01T00:00:00Z';
const node = (
    ready: string | undefined,
    extra: { name?: string; zone?: string; spec?: V1Node['spec']; conditions?: Record<string, string> } = {},
): Stored<V1Node> => ({
    metadata: {
        name: extra.name ?? 'n',
        labels: extra.zone === undefined ? {} : { 'topology.kubernetes.io/zone': extra.zone },
    },
    ...(extra.spec === undefined ? {} : { spec: extra.spec }),
    status: {
        conditions: Object.entries({
            ...(ready === undefined ? {} : { Ready: ready }),
            ...extra.conditions,
        }).map(([type, status]) => ({ type, status })),
    },
});
const short = (taints: readonly V1Taint[]): string[] =>
    taints.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);

describe('the taints of a node', () => {
    it.each<[string, V1Node, NoExecutePolicy, string[]]>([
        ['ready', node('True'), 'apply', []],
        ['not ready', node('False'), 'apply', ['not-ready:NoSchedule', 'not-ready:NoExecute']],
        ['lost', node('Unknown'), 'apply', ['unreachable:NoSchedule', 'unreachable:NoExecute']],
        ['lost, its turn has not come', node('Unknown'), 'hold', ['unreachable:NoSchedule']],
        ['lost with all others', node('Unknown'), 'remove', ['unreachable:NoSchedule']],
        ['cordoned', node('True', { spec: { unschedulable: true } }), 'apply', ['unschedulable:NoSchedule']],
        [
            'under pressure',
            node('True', {
                conditions: {
                    MemoryPressure: 'True',
                    DiskPressure: 'True',
                    PIDPressure: 'False',
                    NetworkUnavailable: 'True',
                },
            }),
            'apply',
            ['memory-pressure:NoSchedule', 'disk-pressure:NoSchedule', 'network-unavailable:NoSchedule'],
        ],
    ])('that is %s', (_what, subject, policy, expected) => {
        expect(short(wantedTaints(subject, policy, now))).toEqual(expected);
    });

    it('go when the node becomes ready, those of others stay', () => {
        const taints = [
            { key: 'mine', effect: 'NoSchedule' },
            { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
            { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
        ];
        expect(short(wantedTaints(node('True', { spec: { taints } }), 'apply', now))).toEqual([
            'mine:NoSchedule',
        ]);
    });

    it('of a node that has said nothing yet stay', () => {
        const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
        expect(short(wantedTaints(node(undefined, { spec: { taints } }), 'apply', now))).toEqual([
            'not-ready:NoSchedule',
        ]);
    });

    it('change from not-ready to unreachable without waiting for a turn', () => {
        const taints = [
            { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
            { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
        ];
        expect(short(wantedTaints(node('Unknown', { spec: { taints } }), 'hold', now))).toEqual([
            'unreachable:NoSchedule',
            'unreachable:NoExecute',
        ]);
    });

    it('are the same array when nothing changes', () => {
        const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule', timeAdded: now }];
        const subject = node('False', { spec: { taints } });
        expect(wantedTaints(subject, 'hold', '2025-01-01T00:00:00Z')).toBe(taints);
    });
});

describe('zones', () => {
    const many = (ready: number, notReady: number): V1Node[] => [
        ...Array.from({ length: ready }, () => node('True')),
        ...Array.from({ length: notReady }, () => node('Unknown')),
    ];
    it.each([
        ['one node, ready', many(1, 0), 'Normal', 10_000],
        ['one node, lost', many(0, 1), 'FullDisruption', 10_000],
        ['two of three lost', many(1, 2), 'Normal', 10_000],
        ['three of four lost', many(1, 3), 'PartialDisruption', undefined],
        ['forty of sixty lost', many(20, 40), 'PartialDisruption', 100_000],
    ])('%s', (_what, nodes, state, interval) => {
        const zone = zonesOf(nodes).get(':')!;
        expect(zone.state).toBe(state);
        expect(evictionInterval(zone)).toBe(interval);
    });

    it('are all disrupted only when none works', () => {
        const [good, bad] = [node('True', { zone: 'a' }), node('False', { zone: 'b' })];
        expect(isAllDisrupted(zonesOf([good, bad]))).toBe(false);
        expect(isAllDisrupted(zonesOf([bad]))).toBe(true);
        expect(isAllDisrupted(zonesOf([]))).toBe(false);
    });
});

describe('EvictionPace', () => {
    it('lets one node of a zone go at a time, and keeps a turn until it is used', async () => {
        const clock = new ManualClock();
        const pace = new EvictionPace(clock);
        const nodes = ['a', 'b', 'c'].map((name) => node(name === 'c' ? 'True' : 'Unknown', { name }));
        expect(pace.update(nodes)).toBe('changed');
        expect(pace.take(nodes[0]!)).toEqual({ type: 'go' });
        expect(pace.take(nodes[0]!)).toEqual({ type: 'go' });
        expect(pace.take(nodes[1]!)).toEqual({ type: 'wait', waitMs: 10_000 });
        await clock.advance(10_000);
        expect(pace.take(nodes[1]!)).toEqual({ type: 'go' });
    });

    it('tells when the first zone recovers', () => {
        const pace = new EvictionPace(new ManualClock());
        pace.update([node('Unknown')]);
        expect(pace.isAllDisrupted).toBe(true);
        expect(pace.update([node('True')])).toBe('recovered');
        expect(pace.update([node('True')])).toBe('none');
    });
});

describe('Heartbeats', () => {
    const lease = (renewTime: string): Stored<V1Lease> => ({ metadata: { name: 'n' }, spec: { renewTime } });
    const beat = (lastHeartbeatTime: string): Stored<V1Node> => ({
        metadata: { name: 'n' },
        status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime }] },
    });

    it('count a renewed lease and a new status, whatever the node says the time is', async () => {
        const clock = new ManualClock();
        const heartbeats = new Heartbeats(clock);
        heartbeats.node(beat('1970-01-01T00:00:00Z'));
        heartbeats.lease(lease('a'));
        await clock.advance(40_000);
        heartbeats.lease(lease('a'));
        expect(heartbeats.remainingMs('n')).toBe(10_000);
        heartbeats.lease(lease('b'));
        expect(heartbeats.remainingMs('n')).toBe(50_000);
        await clock.advance(60_000);
        expect(heartbeats.remainingMs('n')).toBe(0);
        heartbeats.node(beat('1970-01-01T00:00:01Z'));
        expect(heartbeats.remainingMs('n')).toBe(50_000);
    });

    it('give a node without status longer', () => {
        const heartbeats = new Heartbeats(new ManualClock());
        heartbeats.node({ metadata: { name: 'n' } });
        expect(heartbeats.remainingMs('n')).toBe(60_000);
    });
});

describe('a lost node', () => {
    it('has its conditions set to Unknown once', () => {
        const conditions = lostConditions(node('True', { conditions: { Other: 'True' } }), now)!;
        expect(conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
            ['Ready', 'Unknown', 'NodeStatusUnknown'],
            ['Other', 'True', undefined],
            ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
            ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
            ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
        ]);
        expect(lostConditions({ status: { conditions } }, now)).toBeUndefined();
    });
});

describe('labels', () => {
    it('are mirrored to their old names', () => {
        const labels = {
            'kubernetes.io/os': 'linux',
            'kubernetes.io/arch': 'arm64',
            'beta.kubernetes.io/arch': 'arm64',
        };
        expect(outdatedLabels({ metadata: { labels } })).toEqual({ 'beta.kubernetes.io/os': 'linux' });
    });
});
