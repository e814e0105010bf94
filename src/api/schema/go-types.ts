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

/** What Go calls a JSON value that does not fit: "string", "number 1.5", "object". */
export function goValueName(value: unknown, withNumber = false): string {
    if (Array.isArray(value)) return 'array';
    switch (typeof value) {
        case 'boolean':
            return 'bool';
        case 'number':
            return withNumber ? `number ${String(value)}` : 'number';
        case 'object':
            return 'object';
        default:
            return 'string';
    }
}
