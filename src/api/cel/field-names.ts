import type { CelType } from './cel.ts';

type ObjectType = Extract<CelType, { kind: 'object' }>;

/** Words that no field may be called in an expression (cel-spec, and those of Kubernetes). */
const reserved = new Set(
    'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
        ' ',
    ),
);
const keywords = new Set(['true', 'false', 'null', 'in']);
const escapes: Readonly<Record<string, string>> = {
    __: '__underscores__',
    '.': '__dot__',
    '-': '__dash__',
    '/': '__slash__',
};

/**
 * The name of a property in expressions, as rules of custom resources have it: "a-b" is "a__dash__b", "namespace" is
 * "__namespace__". Undefined for one that no expression can reach.
 */
export function escapeFieldName(name: string): string | undefined {
    if (reserved.has(name)) return `__${name}__`;
    const escaped = name.replace(/__|[./-]/g, (text) => escapes[text] ?? text);
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}

const namesOfTypes = new WeakMap<ObjectType, ReadonlyMap<string, string>>();

function namesOf(type: ObjectType): ReadonlyMap<string, string> {
    let names = namesOfTypes.get(type);
    if (!names) {
        const made = new Map<string, string>();
        for (const name of Object.keys(type.fields)) {
            const escaped = escapeFieldName(name);
            if (escaped !== undefined) made.set(escaped, name);
            // Words that only the language of rules reserves may stand for themselves behind a dot.
            if (reserved.has(name) && !keywords.has(name)) made.set(name, name);
        }
        names = made;
        namesOfTypes.set(type, names);
    }
    return names;
}

/** The property that an expression means by a name; undefined where the type has none. */
export function fieldName(type: ObjectType, written: string): string | undefined {
    return namesOf(type).get(written);
}

/** By the property's own name. */
export function fieldType(type: ObjectType, name: string): CelType | undefined {
    return Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
}
