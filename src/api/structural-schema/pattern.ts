import { setFlagsFromString } from 'node:v8';
import { createContext, Script } from 'node:vm';

/** Longest time for one value that has to be matched by backtracking. */
const matchTimeoutMs = 100;
const compiledMax = 512;

/** What tells whether a text matches. */
export interface Pattern {
    test(text: string): boolean;
}

const classes: Readonly<Record<string, string>> = {
    '[:alpha:]': 'A-Za-z',
    '[:digit:]': '0-9',
    '[:alnum:]': '0-9A-Za-z',
    '[:upper:]': 'A-Z',
    '[:lower:]': 'a-z',
    '[:space:]': '\\t\\n\\v\\f\\r ',
    '[:word:]': '\\w',
    '[:xdigit:]': '0-9A-Fa-f',
    '[:punct:]': '!-\\/:-@\\[-`{-~',
};

/** Go's syntax (RE2) in JavaScript's. */
function translate(source: string): { source: string; flags: string } {
    const inline = /^\(\?([ims]+)\)/.exec(source);
    const text = inline === null ? source : source.slice(inline[0].length);
    return {
        source: text
            .replaceAll('(?P<', '(?<')
            .replaceAll(/\\\\|\\A|\\z/g, (found) => (found === '\\A' ? '^' : found === '\\z' ? '$' : found))
            .replaceAll(/\[:[a-z]+:\]/g, (name) => classes[name] ?? name),
        flags: inline?.[1] ?? '',
    };
}

let isLinearEnabled = false;

/** An engine whose time grows with the text alone; undefined where it lacks a construct of the pattern. */
function linear(source: string, flags: string): Pattern | undefined {
    if (!isLinearEnabled) {
        setFlagsFromString('--enable-experimental-regexp-engine');
        isLinearEnabled = true;
    }
    try {
        return new RegExp(source, `${flags}l`);
    } catch {
        return undefined;
    }
}

/** Backtracking, stopped when it takes too long: then nothing matches. */
function bounded(source: string, flags: string): Pattern {
    const expression = build(source, flags);
    const context = createContext({ expression, text: '' });
    const script = new Script('expression.test(text)');
    return {
        test: (text) => {
            context.text = text;
            try {
                return script.runInContext(context, { timeout: matchTimeoutMs }) as boolean;
            } catch {
                return false;
            } finally {
                context.text = '';
            }
        },
    };
}

/** Characters are code points, as in Go, where the pattern is also one of that kind. */
function build(source: string, flags: string): RegExp {
    try {
        return new RegExp(source, `${flags}u`);
    } catch {
        return new RegExp(source, flags);
    }
}

/** True for repetition inside of repetition and for alternatives that repeat, which may backtrack without end. */
function mayBacktrack(source: string): boolean {
    const plain = source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
    const quantifiers = plain.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0;
    return quantifiers > 1 || /\)(?:[*+]|\{\d+,\d*\})/.test(plain);
}

const compiled = new Map<string, Pattern>();

/**
 * Compiles a pattern of a schema, which is written for Go's engine. Matching is linear or stopped by a deadline.
 * @throws SyntaxError for what is no regular expression
 */
export function compilePattern(pattern: string): Pattern {
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    const { source, flags } = translate(pattern);
    const simple = build(source, flags);
    const made = mayBacktrack(source) ? (linear(source, flags) ?? bounded(source, flags)) : simple;
    if (compiled.size >= compiledMax) compiled.delete(compiled.keys().next().value ?? '');
    compiled.set(pattern, made);
    return made;
}
