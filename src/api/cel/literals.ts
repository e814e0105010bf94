import { SyntaxFault } from './source.ts';

interface Literal {
    body: string;
    raw: boolean;
    /** Of the body in the text. */
    start: number;
}

/** What a letter behind a backslash stands for. */
export const simpleEscapes: Readonly<Record<string, string>> = {
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
    '\\': '\\',
    '?': '?',
    '"': '"',
    "'": "'",
    '`': '`',
};
const numericEscape = /[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}/y;
const encoder = new TextEncoder();

function isScalar(code: number): boolean {
    return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

/** The code that an escape behind its backslash stands for, undefined for what is none. */
function escapedCode(text: string): number {
    return /^[0-3]/.test(text) ? parseInt(text, 8) : parseInt(text.slice(1), 16);
}

/** The value of a literal: its escapes replaced (unless raw), as text or as bytes. */
export function decodeLiteral(literal: Literal, as: 'string'): string;
export function decodeLiteral(literal: Literal, as: 'bytes'): Uint8Array;
export function decodeLiteral(literal: Literal, as: 'string' | 'bytes'): string | Uint8Array {
    const { body, raw, start } = literal;
    // As the spec has it, a line ends with \n alone.
    const text = body.replace(/\r\n?/g, '\n');
    if (raw || !text.includes('\\')) return as === 'string' ? text : encoder.encode(text);
    const bytes: number[] = [];
    let result = '';
    const invalid = () => new SyntaxFault(start, 'invalid escape sequence in literal');
    for (let at = 0; at < text.length;) {
        const escape = text.charAt(at) === '\\' ? text.charAt(at + 1) : undefined;
        const simple = escape === undefined ? undefined : simpleEscapes[escape];
        numericEscape.lastIndex = at + 1;
        const numeric = escape === undefined || simple ? undefined : numericEscape.exec(text)?.[0];
        const plain = String.fromCodePoint(text.codePointAt(at) ?? 0);
        if (escape !== undefined && simple === undefined && numeric === undefined) throw invalid();
        if (numeric === undefined) {
            if (as === 'string') result += simple ?? plain;
            else bytes.push(...encoder.encode(simple ?? plain));
            at += escape === undefined ? plain.length : 2;
            continue;
        }
        const code = escapedCode(numeric);
        if (as === 'string' && isScalar(code)) result += String.fromCodePoint(code);
        else if (as === 'bytes' && !/^u/i.test(numeric)) bytes.push(code);
        else throw invalid();
        at += 1 + numeric.length;
    }
    return as === 'string' ? result : Uint8Array.from(bytes);
}
