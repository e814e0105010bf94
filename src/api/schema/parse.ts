import { statusErrors } from '../meta/status-error.ts';
import { jsonDepthMax, JsonSyntaxError, scanJson } from './json-scanner.ts';

/** A parsed body. */
export interface Parsed {
    value: unknown;
    /** Sentences in upstream's words: `duplicate field "spec.replicas"`. */
    duplicateFields: string[];
}

export interface ParseOptions {
    /** False leaves `duplicateFields` empty, which is quicker; for fieldValidation=Ignore. Default true. */
    duplicates?: boolean;
    /** Of what no client has sent. Default `bodyBytesMax`. */
    bytesMax?: number;
}

/** Of bodies; upstream's limit for requests is 3 MiB. */
export const bodyBytesMax = 3 * 1024 * 1024;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** What bounds the work: members by their colons, depth by its opening brackets. */
function countStructure(bytes: Buffer): { members: number; brackets: number } {
    let members = 0;
    let brackets = 0;
    for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at];
        if (byte === quote) {
            // To the closing quote: the next one that an even number of backslashes precedes.
            for (;;) {
                at = bytes.indexOf(quote, at + 1);
                if (at < 0) return { members, brackets };
                let before = at - 1;
                while (bytes[before] === backslash) before--;
                if ((at - before) % 2 === 1) break;
            }
        } else if (byte === colon) members++;
        else if (byte === 0x7b || byte === 0x5b) brackets++;
    }
    return { members, brackets };
}

/** What a parsed value has in it. */
interface Tally {
    members: number;
    hasInfinity: boolean;
}

function count(value: unknown, tally: Tally): void {
    if (typeof value !== 'object' || value === null) {
        if (value === Infinity || value === -Infinity) tally.hasInfinity = true;
    } else if (Array.isArray(value)) {
        for (const item of value) count(item, tally);
    } else {
        const record = value as Record<string, unknown>;
        for (const key in record) {
            tally.members++;
            count(record[key], tally);
        }
    }
}

function syntaxError(error: unknown, text: string): Error {
    try {
        scanJson(text);
    } catch (found) {
        if (found instanceof JsonSyntaxError) return found;
    }
    return error instanceof Error ? error : new Error(String(error));
}

/** A number is beyond what any type holds: JSON.parse made infinity of it. */
function numberError(text: string): Error {
    const literals = text.match(/-?\d[\d.]*(?:[eE][+-]?\d+)?/g) ?? [];
    const literal = literals.find((one) => !Number.isFinite(Number(one))) ?? '';
    return new Error(`json: cannot unmarshal number ${literal} into Go value of type float64`);
}

/** Parses JSON text. @throws Error in the words of Go's encoding/json. */
function parseJsonText(bytes: Buffer, duplicates: boolean): Parsed {
    const text = bytes.toString('utf8');
    const { members, brackets } = countStructure(bytes);
    // JSON.parse itself can go deeper than what then walks over the value.
    if (brackets > jsonDepthMax) scanJson(text);
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw syntaxError(error, text);
    }
    const tally: Tally = { members: 0, hasInfinity: false };
    count(value, tally);
    if (tally.hasInfinity) throw numberError(text);
    // JSON.parse keeps the last of two members with one name: then there are fewer than colons.
    const repeated = duplicates && members !== tally.members;
    return { value, duplicateFields: repeated ? scanJson(text).duplicateFields : [] };
}

function checkSize(bytes: Buffer, max = bodyBytesMax): void {
    if (bytes.length > max) throw statusErrors.requestEntityTooLarge(`limit is ${max}`);
}

/**
 * Parses a JSON body.
 * @throws StatusError BadRequest with what is wrong, in the words of Go's encoding/json.
 */
export function parseJson(bytes: Buffer, options: ParseOptions = {}): Parsed {
    checkSize(bytes, options.bytesMax);
    try {
        return parseJsonText(bytes, options.duplicates ?? true);
    } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw statusErrors.badRequest(why, { cause });
    }
}

/**
 * Parses a YAML body (or a JSON one) to what upstream's YAML reader makes of it. The library is loaded on
 * first use, hence the promise.
 * @throws StatusError BadRequest
 */
export async function parseYaml(bytes: Buffer, options: ParseOptions = {}): Promise<Parsed> {
    checkSize(bytes);
    const first = bytes.subarray(0, 64).toString('latin1').trimStart();
    if (first.startsWith('{')) {
        try {
            return parseJsonText(bytes, options.duplicates ?? true);
        } catch (error) {
            if (error instanceof Error && error.message === 'exceeded max depth')
                throw statusErrors.badRequest(error.message, { cause: error });
            // A flow mapping of YAML also starts with a brace.
        }
    }
    const { parseYamlText } = await import('./yaml.ts');
    try {
        return parseYamlText(bytes.toString('utf8'));
    } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw statusErrors.badRequest(`error converting YAML to JSON: ${why}`, { cause });
    }
}
