import { describe, expect, it } from '@jest/globals';
import { CidrSet, CidrSetFullError, formatCidr, parseCidr } from './cidr-set.ts';

const set = (range: string, prefix: number): CidrSet => new CidrSet(parseCidr(range)!, prefix);

describe('a CIDR', () => {
    it.each([
        ['10.42.0.0/16', '10.42.0.0/16'],
        ['10.42.7.9/24', '10.42.7.0/24'],
        ['fd00::/48', 'fd00::/48'],
        ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
        ['::ffff:10.0.0.1/128', '::ffff:a00:1/128'],
    ])('%s is written as %s', (text, canonical) => {
        expect(formatCidr(parseCidr(text)!)).toBe(canonical);
    });

    it.each(['', '10.0.0.0', '10.0.0.0/33', '300.0.0.0/8', 'fd00::/129', 'a/b'])('"%s" is none', (text) => {
        expect(parseCidr(text)).toBeUndefined();
    });
});

describe('CidrSet', () => {
    it('hands out pieces in turn and says when there are none left', () => {
        const cidrs = set('10.42.0.0/22', 24);
        const pieces = Array.from({ length: 4 }, () => cidrs.allocate());
        expect(pieces).toEqual(['10.42.0.0/24', '10.42.1.0/24', '10.42.2.0/24', '10.42.3.0/24']);
        expect(() => cidrs.allocate()).toThrow(CidrSetFullError);
        cidrs.release('10.42.1.0/24');
        expect(cidrs.allocate()).toBe('10.42.1.0/24');
    });

    it('reuses a released piece only after the others', () => {
        const cidrs = set('10.42.0.0/22', 24);
        cidrs.release(cidrs.allocate());
        expect([cidrs.allocate(), cidrs.allocate(), cidrs.allocate(), cidrs.allocate()]).toEqual([
            '10.42.1.0/24',
            '10.42.2.0/24',
            '10.42.3.0/24',
            '10.42.0.0/24',
        ]);
    });

    it('does not hand out what is occupied, in whole or in part', () => {
        const cidrs = set('10.42.0.0/22', 24);
        cidrs.occupy('10.42.0.0/25');
        cidrs.occupy('10.42.2.0/23');
        cidrs.occupy('192.168.0.0/16');
        expect(cidrs.allocate()).toBe('10.42.1.0/24');
        expect(() => cidrs.allocate()).toThrow(CidrSetFullError);
    });

    it('knows what belongs to it', () => {
        const cidrs = set('10.42.0.0/22', 24);
        expect(
            ['10.42.3.0/24', '10.42.4.0/24', '10.0.0.0/8', 'fd00::/64'].map((c) => cidrs.contains(c)),
        ).toEqual([true, false, false, false]);
    });

    it('cuts IPv6 ranges', () => {
        const cidrs = set('fd00:10:42::/56', 64);
        expect([cidrs.allocate(), cidrs.allocate()]).toEqual(['fd00:10:42::/64', 'fd00:10:42:1::/64']);
    });

    it.each([
        ['10.42.0.0/24', 16],
        ['10.0.0.0/7', 24],
        ['10.42.0.0/24', 33],
    ])('refuses %s with pieces of /%i', (range, prefix) => {
        expect(() => set(range, prefix)).toThrow(/does not fit/);
    });
});
