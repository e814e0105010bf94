import { isIPv4, isIPv6 } from 'node:net';

/** As upstream: one cluster range is cut into 2^16 pieces at most. */
const subnetBitsMax = 16;

/** An address with its prefix length. `address` has the bits below the prefix cleared. */
export interface Cidr {
    family: 4 | 6;
    address: bigint;
    prefix: number;
}

/** All pieces are in use. */
export class CidrSetFullError extends Error {
    override readonly name = 'CidrSetFullError';
}

/**
 * Pieces of equal size of one range (upstream's CidrSet). Pieces are handed out in turn, from where the
 * last one was taken; released ones come again when the end is reached.
 *
 * Example: 10.0.0.0/22 with piece prefix 24 has the pieces 10.0.0.0/24 to 10.0.3.0/24, indexes 0 to 3.
 */
export class CidrSet {
    readonly #range: Cidr;
    readonly #piecePrefix: number;
    readonly #count: number;
    readonly #used = new Set<number>();
    #next = 0;

    /** @throws Error when the prefixes do not fit. */
    constructor(range: Cidr, piecePrefix: number) {
        const bits = piecePrefix - range.prefix;
        if (bits < 0 || bits > subnetBitsMax || piecePrefix > widthOf(range.family)) {
            throw new Error(
                `node mask size /${piecePrefix} does not fit the cluster CIDR ${formatCidr(range)}`,
            );
        }
        this.#range = range;
        this.#piecePrefix = piecePrefix;
        this.#count = 2 ** bits;
    }

    get family(): 4 | 6 {
        return this.#range.family;
    }

    /** @throws CidrSetFullError */
    allocate(): string {
        if (this.#used.size >= this.#count) {
            throw new CidrSetFullError(
                'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range',
            );
        }
        while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#count;
        const index = this.#next;
        this.#used.add(index);
        this.#next = (index + 1) % this.#count;
        return formatCidr({
            family: this.#range.family,
            address: this.#range.address + (BigInt(index) << this.#shift()),
            prefix: this.#piecePrefix,
        });
    }

    /** Marks every piece that overlaps `cidr`; what lies outside is ignored. */
    occupy(cidr: string): void {
        for (const index of this.#indexes(cidr)) this.#used.add(index);
    }

    release(cidr: string): void {
        for (const index of this.#indexes(cidr)) this.#used.delete(index);
    }

    /** True when `cidr` lies in the range. */
    contains(cidr: string): boolean {
        const parsed = parseCidr(cidr);
        if (parsed?.family !== this.#range.family || parsed.prefix < this.#range.prefix) return false;
        return maskTo(parsed, this.#range.prefix) === this.#range.address;
    }

    *#indexes(cidr: string): Generator<number> {
        const parsed = parseCidr(cidr);
        if (parsed?.family !== this.#range.family) return;
        const width = BigInt(widthOf(parsed.family));
        const last = parsed.address + (1n << (width - BigInt(parsed.prefix))) - 1n;
        const rangeLast = this.#range.address + (BigInt(this.#count) << this.#shift()) - 1n;
        if (last < this.#range.address || parsed.address > rangeLast) return;
        const indexOf = (address: bigint): number => Number((address - this.#range.address) >> this.#shift());
        const first = parsed.address < this.#range.address ? 0 : indexOf(parsed.address);
        const end = last > rangeLast ? this.#count - 1 : indexOf(last);
        for (let index = first; index <= end; index++) yield index;
    }

    #shift(): bigint {
        return BigInt(widthOf(this.#range.family) - this.#piecePrefix);
    }
}

const widthOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function maskTo({ family, address }: Cidr, prefix: number): bigint {
    const shift = BigInt(widthOf(family) - prefix);
    return (address >> shift) << shift;
}

/** Undefined when the text is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
    const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
    if (match?.[1] === undefined) return undefined;
    const [, host] = match;
    const prefix = Number(match[2]);
    const address = isIPv4(host) ? parseIpv4(host) : isIPv6(host) ? parseIpv6(host) : undefined;
    if (address === undefined) return undefined;
    const family = isIPv4(host) ? 4 : 6;
    if (prefix > widthOf(family)) return undefined;
    return { family, prefix, address: maskTo({ family, address, prefix }, prefix) };
}

export function formatCidr({ family, address, prefix }: Cidr): string {
    return `${family === 4 ? formatIpv4(address) : formatIpv6(address)}/${prefix}`;
}

const parseIpv4 = (text: string): bigint =>
    text.split('.').reduce((value, octet) => (value << 8n) + BigInt(octet), 0n);

const formatIpv4 = (address: bigint): string =>
    [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');

function parseIpv6(text: string): bigint {
    const [head = '', tail] = text.replace(/%.*$/, '').split('::');
    const groups = (part: string): bigint[] =>
        part === ''
            ? []
            : part.split(':').flatMap((group) => {
                  if (!group.includes('.')) return [BigInt(`0x${group}`)];
                  const embedded = parseIpv4(group);
                  return [embedded >> 16n, embedded & 0xffffn];
              });
    const [first, last] = [groups(head), groups(tail ?? '')];
    const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0n);
    return [...first, ...zeros, ...last].reduce((value, group) => (value << 16n) + group, 0n);
}

/** The canonical form of RFC 5952: lower case, the longest run of zero groups shortened. */
function formatIpv6(address: bigint): string {
    const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
    let [bestStart, bestLength] = [-1, 1];
    for (let start = 0; start < 8; start++) {
        let length = 0;
        while (groups[start + length] === 0) length++;
        if (length > bestLength) [bestStart, bestLength] = [start, length];
    }
    const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
    if (bestStart < 0) return hex(groups);
    return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}
