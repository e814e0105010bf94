import { Http2Error } from './http2-error.ts';

/**
 * HPACK's Huffman code (RFC 7541, appendix B). It is canonical: the lengths of the codes, by symbol, say all.
 * Codes of one length are consecutive, in the order of their symbols.
 */
const lengths = [
    ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
    ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
    ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
    ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
    ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
    ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
    ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
    ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
    ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
    ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
    ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
    ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
    ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
    ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
    ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
    ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
    30,
];
const lengthMin = 5;
const lengthMax = 30;
const endOfString = 256;
const paddingBitsMax = 7;

interface CodesOfLength {
    first: number;
    symbols: readonly number[];
}

const byLength: readonly CodesOfLength[] = (() => {
    const table: CodesOfLength[] = [];
    let code = 0;
    for (let length = 0; length <= lengthMax; length++) {
        const symbols = lengths.flatMap((of, symbol) => (of === length ? [symbol] : []));
        table.push({ first: code, symbols });
        code = (code + symbols.length) * 2;
    }
    return table;
})();

/** Throws Http2Error for a code that is none, and for padding that is wrong. */
export function decodeHuffman(bytes: Buffer): string {
    const symbols: number[] = [];
    let code = 0;
    let length = 0;
    for (const byte of bytes) {
        for (let bit = 7; bit >= 0; bit--) {
            code = code * 2 + ((byte >> bit) & 1);
            length += 1;
            if (length < lengthMin) continue;
            const symbol = symbolOf(code, length);
            if (symbol === undefined) continue;
            symbols.push(symbol);
            code = 0;
            length = 0;
        }
    }
    // What is left is the beginning of the end-of-string code: ones only.
    if (length > paddingBitsMax || code !== 2 ** length - 1) {
        throw new Http2Error('compression', 'a Huffman string ends wrongly');
    }
    return String.fromCharCode(...symbols);
}

function symbolOf(code: number, length: number): number | undefined {
    if (length > lengthMax) throw new Http2Error('compression', 'no such Huffman code');
    const of = byLength[length];
    const symbol = of?.symbols[code - of.first];
    if (symbol === endOfString) throw new Http2Error('compression', 'end of string inside a string');
    return symbol;
}
