import { type Difference } from './difference.ts';
import { reachableDefinitions, type Reference } from './reference.ts';

/** Sentences are our own. */
const ignored = new Set(['description']);

/** What differs between the definitions that both publish: fields, types, formats, requirements, lists' keys. */
export function compareTypes(reference: Reference, own: Pick<Reference, 'definitions'>): Difference[] {
    return reachableDefinitions(reference).flatMap((name) => {
        const published = own.definitions[name];
        return published === undefined
            ? [{ where: `type ${name}`, what: 'is not published' }]
            : compare(`type ${name}`, reference.definitions[name], published);
    });
}

function compare(where: string, expected: unknown, actual: unknown): Difference[] {
    if (isObject(expected) && isObject(actual)) {
        const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
        return [...keys]
            .filter((key) => !ignored.has(key) || where.endsWith(' properties'))
            .flatMap((key) => {
                const place = `${where} ${key}`;
                if (!(key in actual)) return [{ where: place, what: `is missing: ${short(expected[key])}` }];
                if (!(key in expected))
                    return [{ where: place, what: `is not upstream's: ${short(actual[key])}` }];
                return compare(place, expected[key], actual[key]);
            });
    }
    const isSame = canonical(expected) === canonical(actual);
    return isSame ? [] : [{ where, what: `is ${short(actual)}, upstream ${short(expected)}` }];
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists here are sets. */
function canonical(value: unknown): string {
    return Array.isArray(value)
        ? JSON.stringify(value.map((each) => JSON.stringify(each)).sort())
        : JSON.stringify(value);
}

const shortCharsMax = 120;

function short(value: unknown): string {
    return JSON.stringify(value).slice(0, shortCharsMax);
}
