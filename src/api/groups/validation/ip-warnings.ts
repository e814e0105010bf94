import {
    formatAddress,
    type IpAddress,
    isMappedV4,
    maskAddress,
    parseAddress,
} from '../../cel/library/ip-address.ts';
import { withoutLeadingZeros } from './ip-fields.ts';

/**
 * What to say about an address of an older field that is not in canonical form (apimachinery GetWarningsForIP);
 * nothing about what is no address at all, which validation refuses.
 */
export function ipWarnings(value: string | undefined, path: string): string[] {
    if (value === undefined || value === '') return [];
    const plain = withoutLeadingZeros(value);
    const address = parseAddress(plain);
    if (address === undefined) return [];
    const canonical = formatAddress(asV4(address));
    if (plain !== value || isMappedV4(address)) {
        return [
            `${path}: non-standard IP address ${JSON.stringify(value)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`,
        ];
    }
    return address.bits === 128 && canonical !== value
        ? [
              `${path}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
          ]
        : [];
}

/** As `ipWarnings`, for networks (apimachinery GetWarningsForCIDR). */
export function cidrWarnings(value: string | undefined, path: string): string[] {
    const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,9})$/.exec(value ?? '') ?? [];
    const plain = withoutLeadingZeros(host);
    const given = parseAddress(plain);
    if (value === undefined || given === undefined || Number(digits) > given.bits) return [];
    const isMapped = isMappedV4(given);
    const masked = maskAddress(given, Number(digits));
    const network = JSON.stringify(networkText(masked, Number(digits)));
    const quoted = JSON.stringify(value);
    const warnings: string[] = [];
    if (masked.value !== given.value) {
        const single = JSON.stringify(`${formatAddress(asV4(given))}/${given.bits}`);
        warnings.push(
            `${path}: CIDR value ${quoted} is ambiguous in this context (should be ${network} or ${single}?)`,
        );
    }
    if (plain !== host || digits !== String(Number(digits)) || isMapped) {
        warnings.push(
            `${path}: non-standard CIDR value ${quoted} will be considered invalid in a future Kubernetes release: use ${network}`,
        );
    }
    if (warnings.length === 0 && given.bits === 128 && network !== quoted) {
        warnings.push(
            `${path}: IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format (${network})`,
        );
    }
    return warnings;
}

/** How much longer the prefix of an IPv4-mapped network is. */
const mappedBits = 96;

function networkText(address: IpAddress, length: number): string {
    return `${formatAddress(asV4(address))}/${isMappedV4(address) ? length - mappedBits : length}`;
}

function asV4(address: IpAddress): IpAddress {
    return isMappedV4(address) ? { bits: 32, value: address.value & 0xffff_ffffn } : address;
}
