import type { FieldType } from './schema.ts';
import { schema } from './schema.ts';

/** How Go prints the type of a field, for messages of failed decodes: "[]v1.Container". */
export function goTypeName(type: FieldType): string {
    switch (type.kind) {
        case 'string':
        case 'date-time':
        case 'micro-time':
            return 'string';
        case 'bytes':
            return '[]uint8';
        case 'boolean':
            return 'bool';
        case 'integer':
            return type.format;
        case 'double':
            return 'float64';
        case 'int-or-string':
            return 'int32';
        case 'quantity':
            return 'resource.Quantity';
        case 'opaque':
            return 'interface {}';
        case 'array':
            return `[]${goTypeName(type.items)}`;
        case 'map':
            return `map[string]${goTypeName(type.values)}`;
        case 'ref':
            return schema().type(type.type).openapiName.split('.').slice(-2).join('.');
    }
}

/** Large integers with all of their digits. */
function numberText(value: number): string {
    return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(BigInt(value)) : String(value);
}

/** What Go calls a JSON value that does not fit: "string", "number 1.5", "object". */
export function goValueName(value: unknown, withNumber = false): string {
    if (Array.isArray(value)) return 'array';
    switch (typeof value) {
        case 'boolean':
            return 'bool';
        case 'number':
            return withNumber ? `number ${numberText(value)}` : 'number';
        case 'object':
            return 'object';
        default:
            return 'string';
    }
}

/** As Go prints a map of anything: "map[spec:map[replicas:2]]". */
export function goText(value: unknown): string {
    if (value === null || value === undefined) return '<nil>';
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
    if (typeof value !== 'object') return JSON.stringify(value);
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${members.map(([key, member]) => `${key}:${goText(member)}`).join(' ')}]`;
}
