import { simpleEscapes } from '../../../api/cel/literals.ts';
import { propertyOf, type StructuralSchema, valuesOf } from '../../../api/structural-schema/schema.ts';

/** One step of a path: `.name`, or `['name']` with escapes. */
const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y;

/** Undefined where it has an escape that there is none. */
function unescape(text: string): string | undefined {
    const unknown = /\\(?![abfnrtv'\\])/s;
    const pairs = text.match(/\\./gs) ?? [];
    if (pairs.some((pair) => unknown.test(pair))) return undefined;
    return text.replace(/\\(.)/gs, (_, char: string) => simpleEscapes[char] ?? '');
}

/**
 * The `fieldPath` of a rule as messages show it, such as `.spec.names[key]`; undefined for a path that does not lead
 * to a field of the schema.
 */
export function normalizeFieldPath(path: string, schema: StructuralSchema): string | undefined {
    let part = schema;
    let result = '';
    for (let at = 0; at < path.length; at = step.lastIndex) {
        step.lastIndex = at;
        const match = step.exec(path);
        if (match === null) return undefined;
        const [, plain, quoted]: (string | undefined)[] = match;
        const name = plain ?? unescape(quoted ?? '');
        if (name === undefined) return undefined;
        const isNamed = part.properties !== undefined;
        const next = isNamed ? propertyOf(part, name) : valuesOf(part);
        if (next === undefined) return undefined;
        part = next;
        result += isNamed ? `.${name}` : `[${name}]`;
    }
    return result;
}
