import type { X509Certificate } from 'node:crypto';

interface Element {
    tag: number;
    content: Buffer;
    rest: Buffer;
}

const tags = { integer: 0x02, octets: 0x04, identifier: 0x06, extensions: 0xa3 } as const;
/** 2.5.29.19 */
const basicConstraints = Buffer.from([0x55, 0x1d, 0x13]);

/**
 * How many authorities may stand between this one and a leaf (RFC 5280, 4.2.1.9); undefined for any number.
 * @throws Error for what is no DER.
 */
export function pathLengthOf({ raw }: X509Certificate): number | undefined {
    const toBeSigned = membersOf(membersOf(read(raw).content)[0]?.content);
    const extensions = toBeSigned.find(({ tag }) => tag === tags.extensions);
    for (const { content } of membersOf(membersOf(extensions?.content)[0]?.content)) {
        const parts = membersOf(content);
        const [identifier] = parts;
        if (identifier?.tag !== tags.identifier || !identifier.content.equals(basicConstraints)) continue;
        const value = parts.find(({ tag }) => tag === tags.octets);
        const limit = membersOf(value && read(value.content).content).find(({ tag }) => tag === tags.integer);
        return limit === undefined ? undefined : Number(`0x${limit.content.toString('hex') || '0'}`);
    }
    return undefined;
}

function membersOf(content: Buffer | undefined): Element[] {
    const members: Element[] = [];
    let rest = content;
    while (rest !== undefined && rest.length > 0) {
        const member = read(rest);
        members.push(member);
        ({ rest } = member);
    }
    return members;
}

/** One element: a tag of one byte, a length of up to four bytes, and the content. */
function read(bytes: Buffer): Element {
    const [tag, first] = bytes;
    if (tag === undefined || first === undefined) throw new Error('the DER ends early');
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (lengthBytes > 4 || bytes.length < 2 + lengthBytes) throw new Error('the DER has no usable length');
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
    const start = 2 + lengthBytes;
    if (first === 0x80 || start + length > bytes.length) throw new Error('the DER ends early');
    return {
        tag,
        content: bytes.subarray(start, start + length),
        rest: bytes.subarray(start + length),
    };
}
