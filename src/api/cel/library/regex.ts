import { RE2JS } from 're2js';
import { define, type Overload } from '../functions.ts';
import { EvaluationError, List, type Meter } from '../values.ts';

/** Regular expressions with RE2's syntax and linear time. */

const patternsMax = 256;
const patternLengthMax = 20_000;
const compiled = new Map<string, RE2JS>();

/** @throws EvaluationError for what is no pattern. */
function compilePattern(pattern: string): RE2JS {
    let regex = compiled.get(pattern);
    if (regex) return regex;
    if (pattern.length > patternLengthMax)
        throw new EvaluationError('error parsing regexp: expression too large');
    try {
        regex = RE2JS.compile(pattern);
    } catch (error) {
        throw new EvaluationError(error instanceof Error ? error.message : 'error parsing regexp', {
            cause: error,
        });
    }
    const oldest = compiled.size >= patternsMax ? compiled.keys().next().value : undefined;
    if (oldest !== undefined) compiled.delete(oldest);
    compiled.set(pattern, regex);
    return regex;
}

/** Whether a pattern is one of RE2. */
export function isPattern(pattern: string): boolean {
    try {
        compilePattern(pattern);
        return true;
    } catch {
        return false;
    }
}

/**
 * Text length times pattern length. A short pattern may be a large program (`a{1000}`), which the length does not
 * tell: then the program counts.
 */
function prepare(text: string, pattern: string, meter: Meter): RE2JS {
    const regex = compilePattern(pattern);
    const program = Math.max(Math.ceil(pattern.length / 4), Math.ceil(regex.programSize() / 16));
    meter.charge(Math.ceil((1 + text.length) / 10) * program);
    return regex;
}

function find(text: string, pattern: string, meter: Meter): string {
    const matcher = prepare(text, pattern, meter).matcher(text);
    return matcher.find() ? (matcher.group() ?? '') : '';
}

function findAll(text: string, pattern: string, limit: bigint | Meter, meter?: Meter): List {
    const regex = prepare(text, pattern, typeof limit === 'bigint' ? (meter as Meter) : limit);
    const most = typeof limit === 'bigint' && limit >= 0n ? Number(limit) : Infinity;
    const matcher = regex.matcher(text);
    const found: string[] = [];
    while (found.length < most && matcher.find()) found.push(matcher.group() ?? '');
    return List.of(found);
}

function matches(text: string, pattern: string, meter: Meter): boolean {
    return prepare(text, pattern, meter).test(text);
}

const free = () => 0;

export const regexes: readonly Overload[] = [
    define('string.matches(string) bool', matches, free),
    define('matches(string, string) bool', matches, free),
    define('string.find(string) string', find, free),
    define('string.findAll(string) list(string)', findAll, free),
    define('string.findAll(string, int) list(string)', findAll, free),
];
