import { define, type Overload } from '../functions.ts';
import { EvaluationError, type Meter, Opaque } from '../values.ts';
import {
    formatAddress,
    type IpAddress,
    type IpPrefix,
    isMappedV4,
    leadingBits,
    maskAddress,
    parseAddress,
    parsePrefix,
} from './ip-address.ts';
import { rewriteCost, textCost } from './text.ts';

/** Addresses and networks. */

function addressValue(address: IpAddress): Opaque {
    return new Opaque('net.IP', address, formatAddress(address));
}

function prefixValue(prefix: IpPrefix): Opaque {
    return new Opaque('net.CIDR', prefix, `${formatAddress(prefix.address)}/${prefix.length}`);
}

function addressOf(value: Opaque): IpAddress {
    return value.value as IpAddress;
}

function prefixOf(value: Opaque): IpPrefix {
    return value.value as IpPrefix;
}

function ip(text: string): Opaque {
    const shown = JSON.stringify(text.slice(0, 128));
    const address = parseAddress(text);
    if (!address) {
        if (text.includes('%') && parseAddress(text.slice(0, text.indexOf('%'))))
            throw new EvaluationError(`IP address ${shown} with zone value is not allowed`);
        throw new EvaluationError(
            `IP Address ${shown} parse error during conversion from string: ParseAddr(${shown}): unable to parse IP`,
        );
    }
    if (isMappedV4(address)) throw new EvaluationError(`IPv4-mapped IPv6 address ${shown} is not allowed`);
    return addressValue(address);
}

function cidr(text: string): Opaque {
    const shown = JSON.stringify(text.slice(0, 128));
    const prefix = parsePrefix(text);
    const problem = 'network address parse error during conversion from string: ';
    if (!prefix)
        throw new EvaluationError(`${problem}${problem}netip.ParsePrefix(${shown}): unable to parse prefix`);
    if (isMappedV4(prefix.address))
        throw new EvaluationError(`${problem}IPv4-mapped IPv6 address ${shown} is not allowed`);
    return prefixValue(prefix);
}

function succeeds(parse: (text: string) => Opaque): (text: string) => boolean {
    return (text) => {
        try {
            parse(text);
            return true;
        } catch (error) {
            if (error instanceof EvaluationError) return false;
            throw error;
        }
    };
}

function containsAddress({ address, length }: IpPrefix, other: IpAddress): boolean {
    return (
        address.bits === other.bits && maskAddress(address, length).value === maskAddress(other, length).value
    );
}

function containsPrefix(outer: IpPrefix, inner: IpPrefix): boolean {
    // As upstream compares: the inner address itself, not what is left of it under the mask.
    const masked = maskAddress(outer.address, outer.length);
    return (
        outer.length <= inner.length &&
        masked.bits === inner.address.bits &&
        masked.value === maskAddress(inner.address, outer.length).value
    );
}

const v6 = (address: IpAddress) => address.bits === 128;
const isUnspecified = (address: IpAddress) => address.value === 0n;
const isLoopback = (address: IpAddress) =>
    v6(address) ? address.value === 1n : leadingBits(address, 8) === 127n;
const isMulticast = (address: IpAddress) =>
    v6(address) ? leadingBits(address, 8) === 0xffn : leadingBits(address, 4) === 14n;
const isLinkLocalMulticast = (address: IpAddress) =>
    v6(address) ? (leadingBits(address, 16) & 0xff0fn) === 0xff02n : leadingBits(address, 24) === 0xe00000n;
const isLinkLocalUnicast = (address: IpAddress) =>
    v6(address) ? leadingBits(address, 10) === 0x3fan : leadingBits(address, 16) === 0xa9fen;
const isGlobalUnicast = (address: IpAddress) =>
    !isUnspecified(address) &&
    !isLoopback(address) &&
    !isMulticast(address) &&
    !isLinkLocalUnicast(address) &&
    (v6(address) || address.value !== 0xffffffffn);

const predicates = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast };

/** Comparing the bytes of two addresses, and reading the second where it is a text. */
function containsCost(network: Opaque, other: Opaque | string): number {
    const bytes = prefixOf(network).address.bits / 8;
    return Math.ceil((2 * bytes) / 10) + (typeof other === 'string' ? textCost(other) : 0);
}

export const network: readonly Overload[] = [
    define('ip(string) IP', ip, textCost),
    define('isIP(string) bool', succeeds(ip), textCost),
    define('ip.isCanonical(string) bool', (text: string) => ip(text).text === text, rewriteCost),
    define('IP.family() int', (value: Opaque) => (addressOf(value).bits === 32 ? 4n : 6n)),
    ...Object.entries(predicates).map(([name, holds]) =>
        define(`IP.${name}() bool`, (value: Opaque) => holds(addressOf(value))),
    ),
    define('string(IP) string', (value: Opaque) => value.text ?? ''),
    define('cidr(string) CIDR', cidr, textCost),
    define('isCIDR(string) bool', succeeds(cidr), textCost),
    define('CIDR.ip() IP', (value: Opaque) => addressValue(prefixOf(value).address)),
    define('CIDR.prefixLength() int', (value: Opaque) => BigInt(prefixOf(value).length)),
    define('CIDR.masked() CIDR', (value: Opaque) => {
        const { address, length } = prefixOf(value);
        return prefixValue({ address: maskAddress(address, length), length });
    }),
    define(
        'CIDR.containsIP(IP) bool',
        (value: Opaque, other: Opaque) => containsAddress(prefixOf(value), addressOf(other)),
        containsCost,
    ),
    define(
        'CIDR.containsIP(string) bool',
        (value: Opaque, other: string, _meter: Meter) =>
            containsAddress(prefixOf(value), addressOf(ip(other))),
        containsCost,
    ),
    define(
        'CIDR.containsCIDR(CIDR) bool',
        (value: Opaque, other: Opaque) => containsPrefix(prefixOf(value), prefixOf(other)),
        containsCost,
    ),
    define(
        'CIDR.containsCIDR(string) bool',
        (value: Opaque, other: string) => containsPrefix(prefixOf(value), prefixOf(cidr(other))),
        containsCost,
    ),
    define('string(CIDR) string', (value: Opaque) => value.text ?? ''),
];
