import { describe, expect, it } from '@jest/globals';
import { cidrWarnings, ipWarnings } from './ip-warnings.ts';

const future = 'will be considered invalid in a future Kubernetes release: use';

describe('ipWarnings', () => {
    it.each(['10.0.0.1', '2001:db8::1', '::', 'None', '', 'example.org', '1.2.3'])(
        'say nothing of %j',
        (ip) => {
            expect(ipWarnings(ip, 'f')).toEqual([]);
        },
    );
    it.each([
        ['010.000.0.1', `f: non-standard IP address "010.000.0.1" ${future} "10.0.0.1"`],
        ['::ffff:1.2.3.4', `f: non-standard IP address "::ffff:1.2.3.4" ${future} "1.2.3.4"`],
        [
            '2001:db8:0:0:0::1',
            'f: IPv6 address "2001:db8:0:0:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        ],
        ['FE80::1', 'f: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")'],
    ])('name the form in which %s should be', (ip, warning) => {
        expect(ipWarnings(ip, 'f')).toEqual([warning]);
    });
});

describe('cidrWarnings', () => {
    it.each(['10.0.0.0/8', '2001:db8::/64', '', '10.0.0.0', '10.0.0.0/33', 'a/b'])(
        'say nothing of %j',
        (cidr) => {
            expect(cidrWarnings(cidr, 'f')).toEqual([]);
        },
    );
    it.each([
        [
            '192.168.0.5/16',
            [
                'f: CIDR value "192.168.0.5/16" is ambiguous in this context (should be "192.168.0.0/16" or "192.168.0.5/32"?)',
            ],
        ],
        ['192.168.0.0/016', [`f: non-standard CIDR value "192.168.0.0/016" ${future} "192.168.0.0/16"`]],
        ['192.168.000.0/16', [`f: non-standard CIDR value "192.168.000.0/16" ${future} "192.168.0.0/16"`]],
        [
            '::ffff:192.168.0.0/112',
            [`f: non-standard CIDR value "::ffff:192.168.0.0/112" ${future} "192.168.0.0/16"`],
        ],
        [
            '2001:DB8::/64',
            ['f: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")'],
        ],
        [
            '192.168.001.5/24',
            [
                'f: CIDR value "192.168.001.5/24" is ambiguous in this context (should be "192.168.1.0/24" or "192.168.1.5/32"?)',
                `f: non-standard CIDR value "192.168.001.5/24" ${future} "192.168.1.0/24"`,
            ],
        ],
    ])('name the form in which %s should be', (cidr, warnings) => {
        expect(cidrWarnings(cidr, 'f')).toEqual(warnings);
    });
});
