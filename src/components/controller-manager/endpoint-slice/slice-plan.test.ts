import { describe, expect, it } from '@jest/globals';
import type {
    DiscoveryV1EndpointPort,
    Stored,
    V1Endpoint,
    V1EndpointSlice,
} from '../../../api/meta/object.ts';
import { endpointKey, planSlices, portsKey, type EndpointGroup, type SlicePlan } from './slice-plan.ts';

const http: DiscoveryV1EndpointPort[] = [{ name: 'http', port: 80, protocol: 'TCP' }];
const endpoint = (n: number, ready = true): V1Endpoint => ({
    addresses: [`10.0.0.${n}`],
    conditions: { ready },
    targetRef: { kind: 'Pod', name: `p${n}`, namespace: 'default' },
});
const range = (from: number, to: number): V1Endpoint[] =>
    Array.from({ length: to - from + 1 }, (_, i) => endpoint(from + i));
const slice = (name: string, endpoints: V1Endpoint[], ports = http): Stored<V1EndpointSlice> => ({
    metadata: { name },
    addressType: 'IPv4',
    ports,
    endpoints,
});

function plan(
    existing: Stored<V1EndpointSlice>[],
    wanted: V1Endpoint[],
    { ports = http, placeholder = true, isCurrent = true } = {},
): SlicePlan {
    const groups = new Map<string, EndpointGroup>();
    if (wanted.length > 0) {
        groups.set(portsKey(ports), { ports, endpoints: new Map(wanted.map((e) => [endpointKey(e), e])) });
    }
    return planSlices({
        existing,
        groups,
        endpointsMax: 3,
        placeholder,
        newSlice: (slicePorts) => ({
            metadata: { generateName: 'new-' },
            addressType: 'IPv4',
            ports: [...slicePorts],
            endpoints: [],
        }),
        metadataIsCurrent: () => isCurrent,
        withMetadata: (old) => old,
    });
}

/** "a:1,2" for a slice with its endpoints. */
const short = ({ metadata, endpoints }: V1EndpointSlice): string =>
    `${metadata?.name ?? 'new'}:${(endpoints ?? []).map(({ addresses }) => addresses[0]?.slice(7)).join()}`;
const summary = (p: SlicePlan): unknown => ({
    create: p.create.map(short),
    update: p.update.map(short),
    delete: p.delete.map(({ metadata }) => metadata.name),
});
const nothing = { create: [], update: [], delete: [] };

describe('planSlices', () => {
    it.each<[string, SlicePlan, unknown]>([
        ['nothing there, nothing wanted: a placeholder', plan([], []), { ...nothing, create: ['new:'] }],
        ['the placeholder is there', plan([slice('a', [], [])], []), nothing],
        ['no placeholder where none is wanted', plan([], [], { placeholder: false }), nothing],
        [
            'the first endpoints take the placeholder',
            plan([slice('a', [], [])], range(1, 2)),
            { ...nothing, update: ['a:1,2'] },
        ],
        ['all is well', plan([slice('a', range(1, 3))], range(1, 3)), nothing],
        [
            'labels changed',
            plan([slice('a', range(1, 1))], range(1, 1), { isCurrent: false }),
            { ...nothing, update: ['a:1'] },
        ],
        ['more than one slice holds', plan([], range(1, 4)), { ...nothing, create: ['new:1,2,3', 'new:4'] }],
        [
            'one joins where there is room',
            plan([slice('a', range(1, 2))], range(1, 3)),
            { ...nothing, update: ['a:1,2,3'] },
        ],
        [
            'the fullest slice with room is filled',
            plan([slice('a', [endpoint(1)]), slice('b', range(2, 3))], range(1, 4)),
            { ...nothing, update: ['b:2,3,4'] },
        ],
        [
            'a slice that changes anyway takes the new one',
            plan([slice('a', range(1, 3)), slice('b', range(4, 5))], [...range(2, 5), endpoint(6)]),
            { ...nothing, update: ['a:2,3,6'] },
        ],
        [
            'the last one goes: back to the placeholder, in place',
            plan([slice('a', range(1, 1))], []),
            { ...nothing, update: ['a:'] },
        ],
        [
            'an emptied slice goes',
            plan([slice('a', range(1, 3)), slice('b', range(4, 4))], range(1, 3)),
            { ...nothing, delete: ['b'] },
        ],
        [
            'readiness changes',
            plan([slice('a', range(1, 2))], [endpoint(1), endpoint(2, false)]),
            { ...nothing, update: ['a:1,2'] },
        ],
        [
            'ports change: the old slice is used for the new ports',
            plan([slice('a', range(1, 1))], range(1, 1), {
                ports: [{ name: 'http', port: 81, protocol: 'TCP' }],
            }),
            { ...nothing, update: ['a:1'] },
        ],
    ])('%s', (_what, actual, expected) => {
        expect(summary(actual)).toEqual(expected);
    });

    it('knows ports by what they are, not by their order', () => {
        const dns: DiscoveryV1EndpointPort = { name: 'dns', port: 53, protocol: 'UDP' };
        expect(portsKey([dns, ...http])).toBe(portsKey([...http, dns]));
        expect(portsKey([{ port: 80 }])).toBe(portsKey([{ name: '', port: 80, protocol: 'TCP' }]));
        expect(portsKey([dns])).not.toBe(portsKey([{ ...dns, protocol: 'TCP' }]));
    });
});
