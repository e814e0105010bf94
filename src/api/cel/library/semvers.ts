import { define, type Overload } from '../functions.ts';
import { EvaluationError, Opaque } from '../values.ts';
import { textCost } from './text.ts';

/** Semantic versions (semver.org, 2.0.0), with the library's own normalisation. */

interface Semver {
    core: [bigint, bigint, bigint];
    prerelease: string[];
}

const number = '(0|[1-9]\\d*)';
const identifiers = '([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)';
const shape = new RegExp(`^${number}\\.${number}\\.${number}(?:-${identifiers})?(?:\\+${identifiers})?$`);
const textMax = 1024;
const partMax = 2n ** 64n - 1n;

/** Takes a "v" and leading zeros away, and adds the parts that are missing. */
function normalize(text: string): string {
    const [first = '', second, ...rest] = text.replace(/^v/, '').split('.');
    const parts = [
        first,
        ...(second === undefined ? [] : [second]),
        ...(rest.length ? [rest.join('.')] : []),
    ];
    const stripped = parts.map((part) => (part.length > 1 ? part.replace(/^0+(?=\d)/, '') : part));
    if (stripped.length < 3 && /[-+]/.test(stripped.at(-1) ?? ''))
        throw new EvaluationError('short version cannot contain PreRelease/Build meta data');
    while (stripped.length < 3) stripped.push('0');
    return stripped.join('.');
}

function parse(text: string, normalized: boolean): Semver {
    const source = normalized ? normalize(text) : text;
    if (source === '') throw new EvaluationError('Version string empty');
    const match = source.length <= textMax ? shape.exec(source) : null;
    if (!match) throw new EvaluationError('No Major.Minor.Patch elements found');
    const [, major = '', minor = '', patch = '', prerelease = ''] = match;
    const core: Semver['core'] = [BigInt(major), BigInt(minor), BigInt(patch)];
    const tags = prerelease === '' ? [] : prerelease.split('.');
    const padded = tags.find((tag) => /^0\d+$/.test(tag));
    if (padded !== undefined || core.some((part) => part > partMax))
        throw new EvaluationError(
            `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(padded)}`,
        );
    return { core, prerelease: tags };
}

function semver(text: string, normalized: unknown): Opaque {
    const version = parse(text, normalized === true);
    const tags = version.prerelease.length ? `-${version.prerelease.join('.')}` : '';
    return new Opaque('kubernetes.Semver', version, version.core.join('.') + tags);
}

function isSemver(text: string, normalized: unknown): boolean {
    try {
        parse(text, normalized === true);
        return true;
    } catch (error) {
        if (error instanceof EvaluationError) return false;
        throw error;
    }
}

function order(a: bigint | number | string, b: bigint | number | string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

/** Numbers come before words, and by value. */
function compareTags(a: string, b: string): number {
    const [first, second] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (first && second) return order(BigInt(a), BigInt(b));
    return first === second ? order(a, b) : first ? -1 : 1;
}

function compare(a: Opaque, b: Opaque): number {
    const [first, second] = [a.value as Semver, b.value as Semver];
    for (const [index, part] of first.core.entries()) {
        const difference = order(part, second.core[index] ?? 0n);
        if (difference !== 0) return difference;
    }
    // A version without tags comes behind those that have some.
    if (!first.prerelease.length || !second.prerelease.length)
        return order(second.prerelease.length ? 1 : 0, first.prerelease.length ? 1 : 0);
    for (const [index, tag] of first.prerelease.entries()) {
        const other = second.prerelease[index];
        const difference = other === undefined ? 1 : compareTags(tag, other);
        if (difference !== 0) return difference;
    }
    return order(first.prerelease.length, second.prerelease.length);
}

const part = (index: 0 | 1 | 2) => (value: Opaque) => (value.value as Semver).core[index];

export const semvers: readonly Overload[] = [
    define('semver(string) Semver', semver, textCost),
    define('semver(string, bool) Semver', semver, textCost),
    define('isSemver(string) bool', isSemver, textCost),
    define('isSemver(string, bool) bool', isSemver, textCost),
    define('Semver.major() int', part(0)),
    define('Semver.minor() int', part(1)),
    define('Semver.patch() int', part(2)),
    define('Semver.isGreaterThan(Semver) bool', (a: Opaque, b: Opaque) => compare(a, b) > 0),
    define('Semver.isLessThan(Semver) bool', (a: Opaque, b: Opaque) => compare(a, b) < 0),
    define('Semver.compareTo(Semver) int', (a: Opaque, b: Opaque) => BigInt(compare(a, b))),
];
