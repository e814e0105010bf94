import { propertyOf, type StructuralSchema, valuesOf } from '../../../api/structural-schema/schema.ts';

/** One step of a path: `.name`, or `['name']` with escapes. */
const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y;
const escapes: Readonly<Record<string, string>> = {
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
    "'": "'",
    '\\': '\\',
};

/** Undefined where it has an escape that there is none. */
function unescape(text: string): string | undefined {
    let isValid = true;
    const result = text.replace(/\\(.)/gs, (_, char: string) => {
        const meant = escapes[char];
        if (meant === undefined) isValid = false;
        return meant ?? '';
    });
    return isValid ? result : undefined;
}

/**
 * The `fieldPath` of a rule as messages show it, such as `.spec.names[key]`; undefined for a path that does not lead
 * to a field of the schema.
 */
export function normalizeFieldPath(path: string, schema: StructuralSchema): string | undefined {
    let part: StructuralSchema | undefined = schema;
    let result = '';
    for (let at = 0; at < path.length; at = step.lastIndex) {
        step.lastIndex = at;
        const [whole, plain, quoted] = step.exec(path) ?? [];
        if (whole === undefined || part === undefined) return undefined;
        const name: string | undefined = plain ?? unescape(quoted ?? '');
        if (name === undefined) return undefined;
        const isNamed: boolean = part.properties !== undefined;
        part = isNamed ? propertyOf(part, name) : valuesOf(part);
        if (part === undefined) return undefined;
        result += isNamed ? `.${name}` : `[${name}]`;
    }
    return result;
}
