import type { CelSize, CelType, ListIdentity } from '../../../api/cel/cel.ts';
import {
    isEmbedded,
    isIntOrString,
    type StructuralSchema,
    valuesOf,
} from '../../../api/structural-schema/schema.ts';

/**
 * What rules of the expression language know of a part of a custom resource: its type, how large it may be, and how
 * many bytes it has at least (apiserver pkg/cel/common schemas.go).
 */
export interface Declaration {
    type: CelType;
    size: CelSize;
    /** Of its JSON. */
    leastBytes: number;
}

/** Bytes of the largest request, which bound what no schema bounds. */
export const requestBytesMax = 3 * 1024 * 1024;
/** A code point may have four bytes. */
const bytesPerCharacter = 4;
const bytes = { string: 2, boolean: 4, number: 1, container: 2, date: 12, duration: 3, dateTime: 21 };
const formattedMax = { date: 12, duration: 32, dateTime: 32 };
const text: CelType = { kind: 'string' };
const none: CelSize = { max: 0 };

function declare(type: CelType, leastBytes: number, size: CelSize = none): Declaration {
    return { type, size, leastBytes };
}

function atLeastZero(bound: number | undefined): number | undefined {
    return bound === undefined ? undefined : Math.max(0, bound);
}

/** Of a text in characters, which count by the bytes that they may have. */
function textMax({ maxLength, ...schema }: StructuralSchema): number {
    if (maxLength !== undefined) return Math.max(0, maxLength) * bytesPerCharacter;
    const allowed = (schema.enum ?? []) as readonly unknown[];
    if (allowed.length === 0 || isIntOrString(schema)) return requestBytesMax - 2;
    return Math.max(0, ...allowed.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)));
}

function declareText(schema: StructuralSchema): Declaration {
    switch (schema.format) {
        case 'date':
            return declare({ kind: 'timestamp' }, bytes.date, { max: formattedMax.date });
        case 'date-time':
            return declare({ kind: 'timestamp' }, bytes.dateTime, { max: formattedMax.dateTime });
        case 'duration':
            return declare({ kind: 'duration' }, bytes.duration, { max: formattedMax.duration });
        case 'byte': {
            const max = atLeastZero(schema.maxLength) ?? requestBytesMax - 2;
            return declare({ kind: 'bytes' }, bytes.string, { max });
        }
        default:
            return declare(text, bytes.string, { max: textMax(schema) });
    }
}

/** Undefined for what rules cannot see, such as a field whose type the schema does not tell. */
export function declarationOf(schema: StructuralSchema, isResource = false): Declaration | undefined {
    if (isIntOrString(schema)) return declare({ kind: 'dyn' }, 1, { max: textMax(schema) });
    switch (schema.type) {
        case 'boolean':
            return declare({ kind: 'bool' }, bytes.boolean);
        case 'integer':
            return declare({ kind: 'int' }, bytes.number);
        case 'number':
            return declare({ kind: 'double' }, bytes.number);
        case 'string':
            return declareText(schema);
        case 'array':
            return declareList(schema);
        case 'object':
            return declareObject(schema, isResource || isEmbedded(schema));
        default:
            return undefined;
    }
}

function identityOf(schema: StructuralSchema): ListIdentity | undefined {
    if (schema['x-kubernetes-list-type'] === 'set') return 'set';
    return schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined;
}

function declareList(schema: StructuralSchema): Declaration | undefined {
    const items = schema.items && declarationOf(schema.items);
    if (items === undefined) return undefined;
    const max = atLeastZero(schema.maxItems) ?? Math.floor((requestBytesMax - 2) / (items.leastBytes + 1));
    const identity = identityOf(schema);
    const type: CelType = { kind: 'list', of: items.type, ...(identity === undefined ? {} : { identity }) };
    return declare(type, bytes.container, { max, elements: items.size });
}

function declareObject(schema: StructuralSchema, isResource: boolean): Declaration | undefined {
    const values = valuesOf(schema);
    if (values === undefined) return declareFields(schema, isResource);
    const made = declarationOf(values);
    if (made === undefined) return undefined;
    // A key with quotes, a colon and a comma.
    const max =
        atLeastZero(schema.maxProperties) ?? Math.floor((requestBytesMax - 2) / (made.leastBytes + 6));
    const type: CelType = { kind: 'map', keys: text, of: made.type };
    return declare(type, bytes.container, { max, keys: none, elements: made.size });
}

/** Names are all that rules see of the metadata. */
const metadataSchema: StructuralSchema = {
    type: 'object',
    properties: { name: { type: 'string' }, generateName: { type: 'string' } },
};

function declareFields(schema: StructuralSchema, isResource: boolean): Declaration {
    const properties = {
        ...schema.properties,
        ...(isResource
            ? { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: metadataSchema }
            : {}),
    };
    const required = new Set(schema.required ?? []);
    const types: Record<string, CelType> = {};
    const sizes: Record<string, CelSize> = {};
    let leastBytes = bytes.container;
    for (const [name, property] of Object.entries<StructuralSchema>(properties)) {
        const made = declarationOf(property);
        if (made === undefined) continue;
        types[name] = made.type;
        sizes[name] = made.size;
        // With quotes, a colon and a comma; what has a default may be left out.
        if (required.has(name) && property.default === undefined)
            leastBytes += Buffer.byteLength(name) + made.leastBytes + 4;
    }
    return declare({ kind: 'object', fields: types }, leastBytes, { max: 0, fields: sizes });
}
