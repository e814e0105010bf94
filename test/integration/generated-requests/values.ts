import type { FieldType, TypeSchema } from '../../../src/api/schema/schema.ts';
import { schema } from '../../../src/api/schema/schema.ts';
import type { Draw } from './draw.ts';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = Record<string, Json>;

const depthMax = 6;
const texts = [
    'a',
    'gen-a',
    'gen-b',
    'app',
    '',
    '1',
    'true',
    '80',
    '100m',
    '1Gi',
    '50%',
    'default',
    'TCP',
    'Always',
    'Never',
    'RollingUpdate',
    'IfNotPresent',
    'ClusterIP',
    'None',
    'In',
    'Exists',
    'Equal',
    '10.0.0.1',
    '::1',
    '10.0.0.0/8',
    'example.com/a',
    'a.example.com',
    '/data',
    '../..',
    '0 3 * * *',
    '@hourly',
    'v1',
    'apps/v1',
    'Pod',
    'object.a == 1',
    '$(A)',
    '{.a}',
    'a=b',
    'A B',
    '-',
    '.',
    'ä',
    '\u0000',
    '𝄞',
    '*',
    'x'.repeat(64),
    'x'.repeat(300),
    '9223372036854775807',
    '2026-01-01T00:00:00Z',
    '99999-13-45',
    'NaN',
    '1e3',
    '0x10',
    '-1',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'null',
    '[',
    '(((((',
    '%00',
];
const quantities = ['1', '0', '100m', '1Gi', '-1', '1e3', '1.5', '0.0000000001', '1E', '12e999', 'x', ''];
const numbers = [1, 0, 2, 80, -1, 65_536, 30_080, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1.5, 1e300];
const times = [
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.123456Z',
    '0001-01-01T00:00:00Z',
    'yesterday',
    '',
];
const keys = [
    'a',
    'app',
    'b',
    'cpu',
    'memory',
    'example.com/a',
    'color',
    'A B',
    '',
    '__proto__',
    'constructor',
];

/** An object literal's "__proto__" would be its prototype; here it is a member as any other. */
export function setMember(object: JsonObject, name: string, value: Json): void {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Any JSON, of no type. */
export function wildValue(draw: Draw, depth = 0): Json {
    return draw.oneOf<Json>([
        [3, () => draw.pick(texts)],
        [2, () => draw.pick(numbers)],
        [2, () => draw.pick([null, true, false])],
        [1, () => (depth > 2 ? [] : draw.some(3, () => wildValue(draw, depth + 1)))],
        [2, () => wildObject(draw, depth)],
    ]);
}

function wildObject(draw: Draw, depth: number): JsonObject {
    const object: JsonObject = {};
    if (depth > 2) return object;
    for (const key of draw.some(3, () => draw.pick(keys))) setMember(object, key, wildValue(draw, depth + 1));
    return object;
}

/** A value of a field's type, mostly; its form is right, its meaning need not be. */
export function valueOf(draw: Draw, type: FieldType, depth = 0): Json {
    switch (type.kind) {
        case 'string':
            return draw.pick(texts);
        case 'bytes':
            return draw.pick(['YQ==', '', '!', 'YQ', 'YWJj']);
        case 'date-time':
        case 'micro-time':
            return draw.pick(times);
        case 'boolean':
            return draw.chance(50);
        case 'integer':
        case 'double':
            return draw.pick(numbers);
        case 'int-or-string':
            return draw.chance(50) ? draw.pick(texts) : draw.pick(numbers);
        case 'quantity':
            return draw.pick(quantities);
        case 'opaque':
            return wildValue(draw);
        case 'array':
            return depth > depthMax ? [] : draw.some(3, () => valueOf(draw, type.items, depth + 1));
        case 'map':
            return mapOf(draw, type.values, depth);
        case 'ref':
            return objectOf(draw, schema().type(type.type), depth + 1);
    }
}

function mapOf(draw: Draw, values: FieldType, depth: number): JsonObject {
    const object: JsonObject = {};
    if (depth > depthMax) return object;
    for (const key of draw.some(3, () => draw.pick(keys)))
        setMember(object, key, valueOf(draw, values, depth + 1));
    return object;
}

/** What the type asks for, and a few of its other fields. */
export function objectOf(draw: Draw, type: TypeSchema, depth = 0): JsonObject {
    const object: JsonObject = {};
    if (depth > depthMax) return object;
    const optional = [...type.fields].filter(([, field]) => !field.required).map(([name]) => name);
    const chosen = new Set(draw.some(depth < 2 ? 4 : 2, () => draw.pick(optional)));
    for (const [name, field] of type.fields)
        if ((field.required && !draw.chance(4)) || chosen.has(name))
            setMember(object, name, valueOf(draw, field.type, depth + 1));
    return object;
}
