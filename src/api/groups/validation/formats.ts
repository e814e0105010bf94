import { isIPv4, isIPv6 } from 'node:net';
import { isDns1123Subdomain, isIpAddress } from '../../meta/names.ts';

/** Addresses that no endpoint and no external address may have. */
export function specialIpMessages(value: string): string[] {
    const invalid = isIpAddress(value);
    if (invalid.length > 0) return invalid;
    const messages: string[] = [];
    if (value === '0.0.0.0' || /^[0:]+$/.test(value)) {
        messages.push(`may not be unspecified (${value})`);
    }
    if (value.startsWith('127.') || /^[0:]+:0*1$/.test(value)) {
        messages.push('may not be in the loopback range (127.0.0.0/8, ::1/128)');
    }
    if (value.startsWith('169.254.') || /^fe[89ab]/i.test(value)) {
        messages.push('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
    }
    if (value.startsWith('224.0.0.') || /^ff02:/i.test(value)) {
        messages.push('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
    }
    return messages;
}

export type IpFamily = 'IPv4' | 'IPv6';

export function ipFamilyOf(address: string): IpFamily | undefined {
    if (isIPv4(address)) return 'IPv4';
    return isIPv6(address) ? 'IPv6' : undefined;
}

/** DNS subdomain in which labels may contain underscores, as search paths do. */
export function isDnsSubdomainWithUnderscore(value: string): string[] {
    return isDns1123Subdomain(value.replaceAll('_', 'a'));
}

const idMax = 2_147_483_647;

export function isUserOrGroupId(value: number): string[] {
    return value >= 0 && value <= idMax ? [] : [`must be between 0 and ${idMax}, inclusive`];
}
