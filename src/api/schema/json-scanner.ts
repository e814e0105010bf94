/**
 * A scanner over JSON text that builds nothing. It finds what JSON.parse does not report: fields that
 * stand twice, the depth, and what is wrong with broken text, in the words of Go's encoding/json.
 */
export class JsonSyntaxError extends Error {
    override readonly name = 'JsonSyntaxError';
}

export interface ScanResult {
    /** `duplicate field "spec.replicas"`, in order. */
    duplicateFields: string[];
}

/** As in upstream, one more level is an error. */
export const jsonDepthMax = 1000;
const duplicatesMax = 100;
/** How many members are looked at for the place of unknown fields; those further on keep their order. */
const placesMax = 10_000;

interface Level {
    keys: Set<string> | undefined;
    /** The member or the index that is being read. */
    step: string | number;
}

const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literalPattern = /true|false|null/y;
const spacePattern = /[ \t\r\n]*/y;

const escapes: Readonly<Record<number, string>> = {
    0x07: '\\a',
    0x08: '\\b',
    0x09: '\\t',
    0x0a: '\\n',
    0x0b: '\\v',
    0x0c: '\\f',
    0x0d: '\\r',
    0x27: "\\'",
    0x5c: '\\\\',
};

/** Go's quoteChar: of a character beyond ASCII it shows the first byte, as the character with that number. */
function quoted(character: string): string {
    const byte = Buffer.from(character)[0] ?? 0;
    const hex = (digits: number): string => byte.toString(16).padStart(digits, '0');
    const escape = escapes[byte];
    if (escape !== undefined) return `'${escape}'`;
    if (byte < 0x20 || byte === 0x7f) return `'\\x${hex(2)}'`;
    if ((byte >= 0x80 && byte <= 0xa0) || byte === 0xad) return `'\\u${hex(4)}'`;
    return `'${String.fromCharCode(byte)}'`;
}

class Scanner {
    readonly #text: string;
    #at = 0;
    readonly #levels: Level[] = [];
    readonly #duplicates: string[] = [];
    /** Sentences about unknown fields whose place is not found yet. */
    readonly #unplaced: Set<string>;
    readonly #complaints: string[] = [];
    #placesLeft = placesMax;

    constructor(text: string, unknownFields: readonly string[] = []) {
        this.#text = text;
        this.#unplaced = new Set(unknownFields);
    }

    scan(): ScanResult {
        this.#skipSpace();
        this.#value('looking for beginning of value');
        while (this.#levels.length > 0) this.#continue();
        if (this.#at < this.#text.length) throw this.#invalid('after top-level value');
        return { duplicateFields: this.#duplicates };
    }

    complaints(): string[] {
        this.scan();
        return [...this.#complaints, ...this.#unplaced];
    }

    #skipSpace(): void {
        spacePattern.lastIndex = this.#at;
        spacePattern.exec(this.#text);
        this.#at = spacePattern.lastIndex;
    }

    #invalid(context: string): JsonSyntaxError {
        const code = this.#text.codePointAt(this.#at);
        return new JsonSyntaxError(
            code === undefined
                ? 'unexpected end of JSON input'
                : `invalid character ${quoted(String.fromCodePoint(code))} ${context}`,
        );
    }

    #match(pattern: RegExp): string | undefined {
        pattern.lastIndex = this.#at;
        const match = pattern.exec(this.#text)?.[0];
        if (match !== undefined) this.#at += match.length;
        return match;
    }

    /** Reads a scalar, or opens an object or array. */
    #value(context: string): void {
        const first = this.#text[this.#at];
        if (first === '{' || first === '[') {
            this.#open(first);
            return;
        }
        if (first === '"') this.#string();
        else if (this.#match(numberPattern) !== undefined) this.#checkNumberEnd();
        else if (this.#match(literalPattern) === undefined) throw this.#badScalar(context);
        this.#skipSpace();
    }

    /** A point or an exponent begins here, but no digit follows. */
    #checkNumberEnd(): void {
        const next = this.#text[this.#at];
        if (next === '.') {
            this.#at++;
            throw this.#invalid('after decimal point in numeric literal');
        }
        if (next !== 'e' && next !== 'E') return;
        this.#at += /[+-]/.test(this.#text[this.#at + 1] ?? '') ? 2 : 1;
        throw this.#invalid('in exponent of numeric literal');
    }

    #badScalar(context: string): JsonSyntaxError {
        for (const literal of ['true', 'false', 'null']) {
            if (this.#text[this.#at] !== literal[0]) continue;
            let matched = 1;
            while (this.#text[this.#at + matched] === literal[matched]) matched++;
            this.#at += matched;
            return this.#invalid(`in literal ${literal} (expecting ${quoted(literal.charAt(matched))})`);
        }
        if (this.#text[this.#at] === '-') {
            this.#at++;
            return this.#invalid('in numeric literal');
        }
        return this.#invalid(context);
    }

    #string(): string {
        const match = this.#match(stringPattern);
        if (match !== undefined) return match;
        this.#at++;
        for (; this.#at < this.#text.length; this.#at++) {
            const character = this.#text.charAt(this.#at);
            if (character < ' ') throw this.#invalid('in string literal');
            if (character !== '\\') continue;
            this.#at++;
            const escape = this.#text.charAt(this.#at);
            if (escape !== '' && !'"\\/bfnrtu'.includes(escape)) throw this.#invalid('in string escape code');
            for (let digit = 0; escape === 'u' && digit < 4; digit++) {
                this.#at++;
                const hex = this.#text.charAt(this.#at);
                if (hex !== '' && !/[0-9a-fA-F]/.test(hex))
                    throw this.#invalid('in \\u hexadecimal character escape');
            }
        }
        throw this.#invalid('in string literal');
    }

    #open(bracket: '{' | '['): void {
        if (this.#levels.length >= jsonDepthMax) throw new JsonSyntaxError('exceeded max depth');
        this.#at++;
        this.#skipSpace();
        const level: Level = { keys: bracket === '{' ? new Set() : undefined, step: 0 };
        this.#levels.push(level);
        if (this.#text[this.#at] === (bracket === '{' ? '}' : ']')) this.#close();
        else if (bracket === '{') this.#member(level, 'looking for beginning of object key string');
        else this.#value('looking for beginning of value');
    }

    #close(): void {
        this.#levels.pop();
        this.#at++;
        this.#skipSpace();
    }

    #member(level: Level, context: string): void {
        if (this.#text[this.#at] !== '"') throw this.#invalid(context);
        const raw = this.#string();
        const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
        level.step = key;
        this.#complain(level, key);
        level.keys?.add(key);
        this.#skipSpace();
        if (this.#text[this.#at] !== ':') throw this.#invalid('after object key');
        this.#at++;
        this.#skipSpace();
        this.#value('looking for beginning of value');
    }

    #complain({ keys }: Level, key: string): void {
        if (keys?.has(key) && this.#duplicates.length < duplicatesMax) {
            const duplicate = `duplicate field "${this.#path()}"`;
            this.#duplicates.push(duplicate);
            this.#complaints.push(duplicate);
        }
        if (this.#unplaced.size === 0 || this.#placesLeft === 0) return;
        this.#placesLeft--;
        const unknown = `unknown field "${this.#path()}"`;
        if (this.#unplaced.delete(unknown)) this.#complaints.push(unknown);
    }

    /** After a value: a comma and the next one, or the end of the object or array. */
    #continue(): void {
        const level = this.#levels.at(-1);
        if (level === undefined) return;
        const character = this.#text[this.#at];
        const isObject = level.keys !== undefined;
        if (character === (isObject ? '}' : ']')) {
            this.#close();
            return;
        }
        if (character !== ',')
            throw this.#invalid(isObject ? 'after object key:value pair' : 'after array element');
        this.#at++;
        this.#skipSpace();
        if (isObject) {
            this.#member(level, 'looking for beginning of object key string');
        } else {
            level.step = Number(level.step) + 1;
            this.#value('looking for beginning of value');
        }
    }

    #path(): string {
        let path = '';
        for (const { step } of this.#levels)
            path += typeof step === 'number' ? `[${step}]` : `${path === '' ? '' : '.'}${step}`;
        return path;
    }
}

/** @throws JsonSyntaxError */
export function scanJson(text: string): ScanResult {
    return new Scanner(text).scan();
}

/**
 * Duplicate fields of a text and the unknown ones that its reader has found (`unknown field "spec.foo"`), in
 * the order in which they stand there.
 * @throws JsonSyntaxError
 */
export function complaintsInOrder(text: string, unknownFields: readonly string[]): string[] {
    return new Scanner(text, unknownFields).complaints();
}
