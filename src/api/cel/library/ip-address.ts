import { isIPv4, isIPv6 } from 'node:net';

/** An address as a number of `bits` bits. */
export interface IpAddress {
    bits: 32 | 128;
    value: bigint;
}

export interface IpPrefix {
    address: IpAddress;
    length: number;
}

const textMax = 64;

function parseV4(text: string): bigint {
    return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint {
    // A tail in IPv4's form is two groups.
    const tail = /[^:]*\.[^:]*$/.exec(text)?.[0];
    const v4 = tail === undefined ? 0n : parseV4(tail);
    const plain =
        tail === undefined
            ? text
            : `${text.slice(0, -tail.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
    const [head = '', rest] = plain.split('::');
    const groups = (part: string) => (part === '' ? [] : part.split(':'));
    const [before, after] = [groups(head), groups(rest ?? '')];
    const zeros = rest === undefined ? 0 : 8 - before.length - after.length;
    const all = [...before, ...Array<string>(zeros).fill('0'), ...after];
    return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Undefined for what is no address; zones are not taken. */
export function parseAddress(text: string): IpAddress | undefined {
    if (text.length > textMax) return undefined;
    if (isIPv4(text)) return { bits: 32, value: parseV4(text) };
    return isIPv6(text) && !text.includes('%') ? { bits: 128, value: parseV6(text) } : undefined;
}

export function parsePrefix(text: string): IpPrefix | undefined {
    const [, host = '', digits = ''] = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
    const address = parseAddress(host);
    const length = Number(digits);
    return address && length <= address.bits ? { address, length } : undefined;
}

export function isMappedV4({ bits, value }: IpAddress): boolean {
    return bits === 128 && value >> 32n === 0xffffn;
}

function formatV6(value: bigint): string {
    const groups = Array.from({ length: 8 }, (_, index) =>
        Number((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16),
    );
    // The longest run of two or more zeros is left out, the first of equals (RFC 5952).
    let best = { start: -1, length: 1 };
    for (let start = 0; start < 8; start++) {
        let length = 0;
        while (groups[start + length] === '0') length++;
        if (length > best.length) best = { start, length };
    }
    if (best.start < 0) return groups.join(':');
    return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

/** The canonical form. */
export function formatAddress({ bits, value }: IpAddress): string {
    if (bits === 128) return formatV6(value);
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

/** The first `length` bits, the rest zero. */
export function maskAddress({ bits, value }: IpAddress, length: number): IpAddress {
    const shift = BigInt(bits - length);
    return { bits, value: (value >> shift) << shift };
}

/** The first bits of an address as a number. */
export function leadingBits({ bits, value }: IpAddress, count: number): bigint {
    return value >> BigInt(bits - count);
}
