/** An IPv4 network as numbers: what allocators count in. */
export interface IpRange {
    cidr: string;
    first: number;
    size: number;
}

/** Throws RangeError with a sentence that names the text. */
export function parseIpRange(cidr: string): IpRange {
    const [address = '', bits = ''] = cidr.split('/');
    const prefix = Number(bits);
    const base = ipToNumber(address);
    if (base === undefined || !/^\d+$/.test(bits) || prefix > 32)
        throw new RangeError(`"${cidr}" is no IPv4 network such as 10.96.0.0/16`);
    const size = 2 ** (32 - prefix);
    return { cidr, first: Math.floor(base / size) * size, size };
}

export function ipToNumber(text: string): number | undefined {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
    if (match === null) return undefined;
    const bytes = match.slice(1).map(Number);
    if (bytes.some((byte) => byte > 255)) return undefined;
    return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

export function numberToIp(number: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
