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

export function fieldElement(name: string): PathElement {
    return `f:${name}`;
}

export function valueElement(value: unknown): PathElement {
    return `v:${JSON.stringify(value)}`;
}

/** The keys in any order. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
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
        case 'v:': {
            const value = parse(text.slice(2));
            return value === undefined ? undefined : valueElement(value);
        }
        case 'k:': {
            const keys = parse(text.slice(2));
            if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) return undefined;
            return keyElement(Object.entries(keys));
        }
        default:
            return undefined;
    }
}

function parse(json: string): unknown {
    try {
        return JSON.parse(json) as unknown;
    } catch {
        return undefined;
    }
}

const ranks = ['.', 'f', 'k', 'v', 'i'];

/** The order in which a set shows its elements. */
export function compareElements(a: PathElement, b: PathElement): number {
    const byKind = ranks.indexOf(a.charAt(0)) - ranks.indexOf(b.charAt(0));
    if (byKind !== 0) return byKind;
    return a < b ? -1 : a > b ? 1 : 0;
}

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
