import { decodeLiteral } from './literals.ts';
import { SyntaxFault } from './source.ts';

/** Tokens of the language (cel-spec, "Lexis"). */
export type Token = { start: number; end: number; text: string } & (
    | { kind: 'operator' | 'identifier' | 'quoted' | 'end' }
    | { kind: 'int' | 'uint'; value: bigint }
    | { kind: 'double'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'bytes'; value: Uint8Array }
);

const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)*/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const quotedIdentifier = /`[A-Za-z0-9_.\-/ ]+`/y;
const number =
    /(?:0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?)|\d+[uU]?)/y;
const operator = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:,.()[\]{}=]/y;
const stringStart = /(?:[bB][rR]?|[rR][bB]?)?(?:"""|'''|"|')/y;

const intMax = 2n ** 63n;
const uintMax = 2n ** 64n - 1n;

/** Splits a text into tokens; what is no token is a `SyntaxFault`. */
export class Lexer {
    readonly #source: string;
    #position = 0;

    constructor(source: string) {
        this.#source = source;
    }

    tokens(): Token[] {
        const result: Token[] = [];
        for (;;) {
            this.#match(blank);
            const token = this.#next();
            result.push(token);
            if (token.kind === 'end') return result;
        }
    }

    #match(pattern: RegExp): string | undefined {
        pattern.lastIndex = this.#position;
        const text = pattern.exec(this.#source)?.[0];
        if (text !== undefined) this.#position += text.length;
        return text;
    }

    #next(): Token {
        const start = this.#position;
        if (start >= this.#source.length) return { kind: 'end', start, end: start, text: '<EOF>' };
        const open = this.#match(stringStart);
        if (open !== undefined) return this.#string(start, open);
        const digits = this.#match(number);
        if (digits !== undefined) return this.#number(start, digits);
        const name = this.#match(identifier);
        if (name !== undefined) return { kind: 'identifier', start, end: this.#position, text: name };
        const quoted = this.#match(quotedIdentifier);
        if (quoted !== undefined)
            return { kind: 'quoted', start, end: this.#position, text: quoted.slice(1, -1) };
        const sign = this.#match(operator);
        if (sign !== undefined) return { kind: 'operator', start, end: this.#position, text: sign };
        const unknown = String.fromCodePoint(this.#source.codePointAt(start) ?? 0);
        throw new SyntaxFault(start, `Syntax error: token recognition error at: '${unknown}'`);
    }

    #number(start: number, text: string): Token {
        const base = { start, end: this.#position, text };
        const unsigned = /^(?:0x[0-9a-f]+|\d+)u$/i.test(text);
        if (unsigned) {
            const value = BigInt(text.slice(0, -1));
            if (value > uintMax) throw new SyntaxFault(start, 'invalid uint literal');
            return { kind: 'uint', value, ...base };
        }
        if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) {
            const value = BigInt(text);
            // One more than the largest: the parser negates literals.
            if (value > intMax) throw new SyntaxFault(start, 'invalid int literal');
            return { kind: 'int', value, ...base };
        }
        const value = Number(text);
        if (!Number.isFinite(value)) throw new SyntaxFault(start, 'invalid double literal');
        return { kind: 'double', value, ...base };
    }

    #string(start: number, open: string): Token {
        const quote = /["']+$/.exec(open)?.[0] ?? '"';
        const prefix = open.slice(0, -quote.length).toLowerCase();
        const body = this.#body(start, quote, prefix.includes('r'));
        const base = { start, end: this.#position, text: this.#source.slice(start, this.#position) };
        const literal = { body, raw: prefix.includes('r'), start: start + open.length };
        return prefix.includes('b')
            ? { kind: 'bytes', value: decodeLiteral(literal, 'bytes'), ...base }
            : { kind: 'string', value: decodeLiteral(literal, 'string'), ...base };
    }

    #body(start: number, quote: string, raw: boolean): string {
        const from = this.#position;
        const multiline = quote.length === 3;
        let at = from;
        for (; at < this.#source.length; at++) {
            const char = this.#source.charAt(at);
            if (!multiline && (char === '\n' || char === '\r')) break;
            if (char === '\\' && !raw) at++;
            else if (this.#source.startsWith(quote, at)) {
                this.#position = at + quote.length;
                return this.#source.slice(from, at);
            }
        }
        const shown = this.#source.slice(start, Math.min(at, this.#source.length));
        throw new SyntaxFault(start, `Syntax error: token recognition error at: '${shown}'`);
    }
}
