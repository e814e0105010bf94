import { describe, expect, it } from '@jest/globals';
import type { V1IPAddress, V1ServiceCIDR } from '../../../api/meta/object.ts';
import { containsAddress, graceLeftMs, isDispensable, overlaps } from './networks.ts';

const range = (name: string, ...cidrs: string[]): V1ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });
const address = (name: string, managedBy = 'ipallocator.k8s.io'): V1IPAddress => ({
    metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': managedBy } },
    spec: { parentRef: { resource: 'services', name: 'web' } },
});

describe('isDispensable', () => {
    const small = range('small', '10.0.1.0/24');
    it.each([
        ['nothing was given out of it', [], [], true],
        ['an address was given out of it', [], [address('10.0.1.5')], false],
        ['the address is of another range', [], [address('10.0.2.5')], true],
        ['the address is none of the allocator', [], [address('10.0.1.5', 'somebody')], true],
        ['a wider range has the address', [range('wide', '10.0.0.0/16')], [address('10.0.1.5')], true],
        ['an equal range has the address', [range('twin', '10.0.1.0/24')], [address('10.0.1.5')], true],
        ['a part of it has the address', [range('part', '10.0.1.0/28')], [address('10.0.1.5')], true],
        ['a part of it has not', [range('part', '10.0.1.0/28')], [address('10.0.1.200')], false],
        ['a part has it as broadcast address', [range('part', '10.0.1.0/28')], [address('10.0.1.15')], false],
    ])('%s', (_what, others, addresses, expected) => {
        expect(isDispensable(small, [small, ...others], addresses)).toBe(expected);
    });

    it('of two families, each network counts', () => {
        const dual = range('dual', '10.0.1.0/24', '2001:db8::/112');
        const wide = range('wide', '10.0.0.0/16');
        expect(isDispensable(dual, [dual, wide], [address('2001:db8::7')])).toBe(false);
        expect(isDispensable(dual, [dual, wide], [address('10.0.1.5')])).toBe(true);
    });
});

it('ranges overlap when one is inside the other', () => {
    expect(overlaps(range('a', '10.0.0.0/16'), range('b', '10.0.3.0/24'))).toBe(true);
    expect(overlaps(range('a', '10.0.3.0/24'), range('b', '10.0.0.0/16'))).toBe(true);
    expect(overlaps(range('a', '10.0.3.0/24'), range('b', '10.0.4.0/24', '2001:db8::/64'))).toBe(false);
});

it('a range has no network address, and no broadcast address of IPv4', () => {
    const [v4, v6] = [range('a', '10.0.0.0/24'), range('b', '2001:db8::/120')];
    const has = ['10.0.0.0', '10.0.0.1', '10.0.0.254', '10.0.0.255'].map((one) => containsAddress(v4, one));
    expect(has).toEqual([false, true, true, false]);
    expect(['2001:db8::', '2001:db8::ff'].map((one) => containsAddress(v6, one))).toEqual([false, true]);
});

it.each([
    ['just deleted', 0, 10_000],
    ['deleted a moment ago', 4_000, 6_000],
    ['deleted long ago', 60_000, 0],
    ['deleted in the future of this clock', -60_000, 10_000],
])('a range %s waits for the rest of 10 seconds', (_what, agoMs, leftMs) => {
    const nowMs = Date.parse('2026-01-01T00:01:00Z');
    const deletionTimestamp = new Date(nowMs - agoMs).toISOString();
    expect(graceLeftMs({ metadata: { deletionTimestamp }, spec: { cidrs: [] } }, nowMs)).toBe(leftMs);
});
