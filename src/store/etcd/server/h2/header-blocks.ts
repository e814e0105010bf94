import type { HeaderField } from './hpack-decoder.ts';

/**
 * Compresses headers without state: each is spelled out. Responses have few and short ones, and so the same
 * bytes can be used again and again.
 */
export function encodeHeaders(fields: readonly HeaderField[]): Buffer {
    return Buffer.concat(
        fields.map(([name, value]) =>
            // ':status: 200' has a place in the table; pseudo-headers come first by the caller's order.
            name === ':status' && value === '200'
                ? Buffer.from([0x88])
                : Buffer.concat([Buffer.from([0]), encodeString(name), encodeString(value)]),
        ),
    );
}

function encodeString(text: string): Buffer {
    const bytes = Buffer.from(text, 'latin1');
    return Buffer.concat([encodeLength(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits; the eighth says that the string is not Huffman-coded. */
function encodeLength(length: number): Buffer {
    const max = 0x7f;
    if (length < max) return Buffer.from([length]);
    const bytes = [max];
    let rest = length - max;
    for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
    return Buffer.from(bytes);
}
