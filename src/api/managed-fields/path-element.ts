import { remembered } from './remembered.ts';

/**
 * One step of a path into an object, in the words of FieldsV1:
 *
 *   f:replicas               a member of a struct or map
 *   k:{"name":"web"}         an item of a list that goes by keys, which stand in the order of their names
 *   v:"a"                    an item of a set
 *   i:0                      a position
 */
export type PathElement = string;
export type FieldPath = readonly PathElement[];

/** Of a name. */
export const fieldElement = remembered((name): PathElement => `f:${name}`);

export function valueElement(value: unknown): PathElement {
    return `v:${JSON.stringify(value)}`;
}

/** Names of keys whose values are remembered, and values of each. */
const [keyNamesMax, keyValuesMax] = [64, 512];

/** Of lists that go by one key, which is a text. */
const textKeyElement = remembered(
    (name) =>
        remembered(
            (value): PathElement => `k:{${JSON.stringify(name)}:${JSON.stringify(value)}}`,
            keyValuesMax,
        ),
    keyNamesMax,
);

/** The keys in any order. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
    const [first] = keys;
    if (keys.length === 1 && typeof first?.[1] === 'string') return textKeyElement(first[0])(first[1]);
    const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
    const members = sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    return `k:{${members.join(',')}}`;
}

/** The element as this module writes it; undefined for a text that is none. */
export function canonicalElement(text: string): PathElement | undefined {
    switch (text.slice(0, 2)) {
        case 'f:':
            return text;
        case 'i:':
            return /^i:-?\d{1,9}$/.test(text) ? text : undefined;
        case 'v:':
        case 'k:':
            return canonicalItem(text);
        default:
            return undefined;
    }
}

const canonicalItem = remembered((text): PathElement | undefined => {
    const value = parse(text.slice(2));
    if (text.startsWith('v:')) return value === undefined ? undefined : valueElement(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return keyElement(Object.entries(value));
});

function parse(json: string): unknown {
    try {
        return JSON.parse(json) as unknown;
    } catch {
        return undefined;
    }
}

const ranks: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

/** The order in which a set shows its elements. */
export function compareElements(a: PathElement, b: PathElement): number {
    if (a.charCodeAt(0) !== b.charCodeAt(0))
        return (ranks[a.charAt(0)] ?? unranked) - (ranks[b.charAt(0)] ?? unranked);
    return a < b ? -1 : a > b ? 1 : 0;
}

const unranked = -1;

/** As people and error messages write a path: `.spec.containers[name="web"].image`. */
export function formatPath(path: FieldPath): string {
    return path.map(formatElement).join('');
}

function formatElement(element: PathElement): string {
    const rest = element.slice(2);
    switch (element.slice(0, 2)) {
        case 'f:':
            return `.${rest}`;
        case 'v:':
            return `[=${rest}]`;
        case 'k:': {
            const keys = Object.entries(parse(rest) as Record<string, unknown>);
            return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
        }
        default:
            return `[${rest}]`;
    }
}
