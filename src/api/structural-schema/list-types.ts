import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { isRecord, joinPath, memberSchema, type StructuralSchema } from './schema.ts';

/** Equal as JSON, whatever the order of members. */
function canonical(value: unknown): string {
    return JSON.stringify(value, (_key, member: unknown) =>
        isRecord(member)
            ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
            : member,
    );
}

function keysOf(item: unknown, schema: StructuralSchema): Record<string, unknown> {
    const record = isRecord(item) ? item : {};
    const keys = [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort();
    const present = keys.filter((key) => record[key] !== undefined);
    return Object.fromEntries(present.map((key) => [key, record[key]]));
}

/** Duplicates in lists that are sets, and in lists whose items have keys, at every depth. */
export function validateListTypes(value: unknown, schema: StructuralSchema, path = ''): FieldError[] {
    if (Array.isArray(value)) {
        const list = value as unknown[];
        const { items } = schema;
        return [
            ...duplicatesIn(list, schema, path),
            ...(items === undefined
                ? []
                : list.flatMap((item, index) => validateListTypes(item, items, joinPath(path, index)))),
        ];
    }
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([name, member]) => {
        const known = memberSchema(schema, name);
        const isProperty = schema.properties?.[name] !== undefined;
        return known === undefined
            ? []
            : validateListTypes(member, known, isProperty ? joinPath(path, name) : `${path}[${name}]`);
    });
}

function duplicatesIn(list: readonly unknown[], schema: StructuralSchema, path: string): FieldError[] {
    const type = schema['x-kubernetes-list-type'];
    if (type !== 'set' && type !== 'map') return [];
    const seen = new Set<string>();
    return list.flatMap((item, index) => {
        const shown = type === 'set' ? item : keysOf(item, schema);
        const key = canonical(shown);
        if (seen.has(key)) return [fieldErrors.duplicate(joinPath(path, index), shown)];
        seen.add(key);
        return [];
    });
}
