import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isConfigMapKey } from '../../meta/names.ts';
import type { V1ConfigMap } from '../../meta/object.ts';
import { ageColumn, countColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { formatErrors } from '../validation/basic.ts';

/** Bytes of all values of a config map or secret together. */
export const dataBytesMax = 1024 * 1024;

/** Bytes that base64 text stands for. */
export function base64Bytes(text: string): number {
    const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
    return Math.max(0, Math.floor((text.length * 3) / 4) - padding);
}

function validateConfigMap({ data = {}, binaryData = {} }: V1ConfigMap): FieldError[] {
    const errors: FieldError[] = [];
    let bytes = 0;
    for (const [key, value] of Object.entries(data)) {
        errors.push(...formatErrors(key, `data[${key}]`, isConfigMapKey(key)));
        if (Object.hasOwn(binaryData, key)) {
            errors.push(fieldErrors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
        }
        bytes += Buffer.byteLength(value);
    }
    for (const [key, value] of Object.entries(binaryData)) {
        errors.push(...formatErrors(key, `binaryData[${key}]`, isConfigMapKey(key)));
        bytes += base64Bytes(value);
    }
    // Upstream's way to say that it is the whole object.
    if (bytes > dataBytesMax) errors.push(fieldErrors.tooLong('[]', dataBytesMax));
    return errors;
}

interface Immutable {
    immutable?: boolean | undefined;
}

/** What an object that was declared immutable may not change any more. */
export function validateKeptImmutable<T extends Immutable>(
    object: T,
    old: T,
    fields: readonly (keyof T & string)[],
): FieldError[] {
    if (old.immutable !== true) return [];
    const detail = 'field is immutable when `immutable` is set';
    const changed = fields.filter((field) => !semanticEqual(object[field], old[field]));
    return [
        ...(object.immutable === true ? [] : [fieldErrors.forbidden('immutable', detail)]),
        ...changed.map((field) => fieldErrors.forbidden(field, detail)),
    ];
}

export const configMapStrategy: Strategy<V1ConfigMap> = {
    validate: validateConfigMap,
    validateUpdate: (configMap, old) => [
        ...validateKeptImmutable(configMap, old, ['data', 'binaryData']),
        ...validateConfigMap(configMap),
    ],
    columns: [
        nameColumn,
        countColumn<V1ConfigMap>(
            'Data',
            ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
        ),
        ageColumn,
    ],
};
