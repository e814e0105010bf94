import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import type { StructuralSchema } from './schema.ts';

const listTypes = ['atomic', 'map', 'set'];
const mapTypes = ['atomic', 'granular'];
const listTypeField = 'x-kubernetes-list-type';
const keysField = 'x-kubernetes-list-map-keys';
const mapTypeField = 'x-kubernetes-map-type';

/** Rules for how lists and maps say they are merged. */
export function listRules(schema: StructuralSchema, path: string): FieldError[] {
    const listType = schema[listTypeField];
    const keys = schema[keysField] ?? [];
    const errors: FieldError[] = [...mapTypeRules(schema, path)];
    if (listType !== undefined) {
        errors.push(...typeRule(schema, path, { wanted: 'array', field: listTypeField }));
        if (!listTypes.includes(listType))
            errors.push(fieldErrors.notSupported(`${path}.${listTypeField}`, listType, listTypes));
        if (listType === 'map' && keys.length === 0)
            errors.push(
                fieldErrors.required(
                    `${path}.${keysField}`,
                    'must not be empty if x-kubernetes-list-type is map',
                ),
            );
    }
    if (keys.length > 0 && listType !== 'map') {
        const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
        const at = `${path}.${listTypeField}`;
        errors.push(
            listType === undefined
                ? fieldErrors.required(at, detail)
                : fieldErrors.invalid(at, listType, detail),
        );
    }
    if (listType === 'map' && keys.length > 0) errors.push(...keyRules(schema, keys, path));
    if (listType === 'set') errors.push(...setRules(schema, path));
    return errors;
}

function typeRule(
    { type }: StructuralSchema,
    path: string,
    { wanted, field }: { wanted: string; field: string },
): FieldError[] {
    if (type === wanted) return [];
    const detail = `must be ${wanted} if ${field} is specified`;
    return [
        type
            ? fieldErrors.invalid(`${path}.type`, type, detail)
            : fieldErrors.required(`${path}.type`, detail),
    ];
}

function mapTypeRules(schema: StructuralSchema, path: string): FieldError[] {
    const mapType = schema[mapTypeField];
    if (mapType === undefined) return [];
    return [
        ...typeRule(schema, path, { wanted: 'object', field: mapTypeField }),
        ...(mapTypes.includes(mapType)
            ? []
            : [fieldErrors.notSupported(`${path}.${mapTypeField}`, mapType, mapTypes)]),
    ];
}

function keyRules({ items = {} }: StructuralSchema, keys: readonly string[], path: string): FieldError[] {
    const parent = "if parent array's x-kubernetes-list-type is map";
    const errors: FieldError[] = [];
    if (items.type !== 'object')
        errors.push(fieldErrors.invalid(`${path}.items.type`, items.type ?? '', `must be object ${parent}`));
    if (new Set(keys).size !== keys.length)
        errors.push(fieldErrors.invalid(`${path}.${keysField}`, keys, 'must not contain duplicate entries'));
    for (const key of keys) {
        const property = items.properties?.[key];
        const at = `${path}.items.properties[${key}]`;
        if (property === undefined) {
            const detail = 'entries must all be names of item properties';
            errors.push(fieldErrors.invalid(`${path}.${keysField}`, keys, detail));
        } else if (property.type === 'array' || property.type === 'object')
            errors.push(fieldErrors.invalid(`${at}.type`, property.type, `must be a scalar type ${parent}`));
        else if (property.default === undefined && items.required?.includes(key) !== true)
            errors.push(
                fieldErrors.required(
                    `${at}.default`,
                    'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
                ),
            );
    }
    return errors;
}

function setRules({ items = {} }: StructuralSchema, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (items.nullable === true)
        errors.push(
            fieldErrors.forbidden(
                `${path}.items.nullable`,
                'cannot be nullable when x-kubernetes-list-type is set',
            ),
        );
    if (items.type === 'object' && items[mapTypeField] !== 'atomic')
        errors.push(
            fieldErrors.invalid(
                `${path}.items.${mapTypeField}`,
                items[mapTypeField] ?? '',
                'must be atomic as item of a list with x-kubernetes-list-type=set',
            ),
        );
    if (items.type === 'array' && (items[listTypeField] ?? 'atomic') !== 'atomic')
        errors.push(
            fieldErrors.invalid(
                `${path}.items.${listTypeField}`,
                items[listTypeField],
                'must be atomic as item of a list with x-kubernetes-list-type=set',
            ),
        );
    return errors;
}
