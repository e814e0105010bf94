import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1035Label } from '../../meta/name-formats.ts';
import type {
    V1CustomResourceColumnDefinition,
    V1CustomResourceDefinitionVersion,
    V1CustomResourceSubresources,
} from '../../meta/object.ts';
import { parseJsonPath } from '../../structural-schema/json-path.ts';
import { structuralErrors } from '../../structural-schema/rules.ts';
import { isRecord, propertyOf, type StructuralSchema } from '../../structural-schema/schema.ts';
import type { Incomplete } from '../incomplete.ts';
import { isBlank, items } from '../validation/basic.ts';

type Version = Incomplete<V1CustomResourceDefinitionVersion>;

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const selectableFieldsMax = 8;
const selectableTypes = ['string', 'boolean', 'integer'];

/** The schema of a version; undefined where it has none. */
export function schemaOf(version: Version): StructuralSchema | undefined {
    const schema: unknown = version.schema?.openAPIV3Schema;
    return isRecord(schema) ? schema : undefined;
}

export function validateVersion(version: Version, path: string): FieldError[] {
    const { name = '', deprecated, deprecationWarning } = version;
    const errors = isDns1035Label(name).map((message) => fieldErrors.invalid(`${path}.name`, name, message));
    if (deprecationWarning !== undefined && deprecated !== true)
        errors.push(
            fieldErrors.invalid(
                `${path}.deprecationWarning`,
                deprecationWarning,
                'can only be set for deprecated versions',
            ),
        );
    const schema = schemaOf(version);
    if (schema === undefined)
        errors.push(fieldErrors.required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
    else errors.push(...structuralErrors(schema, `${path}.schema.openAPIV3Schema`));
    return [
        ...errors,
        ...validateSubresources(version.subresources, `${path}.subresources`),
        ...items(version.additionalPrinterColumns).flatMap((column, index) =>
            validateColumn(column, `${path}.additionalPrinterColumns[${index}]`),
        ),
        ...validateSelectableFields(version, schema, `${path}.selectableFields`),
    ];
}

function validateSubresources(
    subresources: Incomplete<V1CustomResourceSubresources> | undefined,
    path: string,
): FieldError[] {
    const scale = subresources?.scale;
    if (scale === undefined) return [];
    const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
    const at = `${path}.scale`;
    return [
        ...scalePath(specReplicasPath, `${at}.specReplicasPath`, ['.spec']),
        ...scalePath(statusReplicasPath, `${at}.statusReplicasPath`, ['.status']),
        ...(isBlank(labelSelectorPath)
            ? []
            : scalePath(labelSelectorPath, `${at}.labelSelectorPath`, ['.spec', '.status'])),
    ];
}

function scalePath(value: string | undefined, path: string, roots: readonly string[]): FieldError[] {
    if (isBlank(value)) return [fieldErrors.required(path)];
    const errors = simplePathErrors(value ?? '', path);
    if (errors.length === 0 && !roots.some((root) => value?.startsWith(`${root}.`)))
        errors.push(fieldErrors.invalid(path, value, `should be a json path under ${roots.join(' or ')}`));
    return errors;
}

/** A path of plain field names: no indexes, no filters. */
function simplePathErrors(value: string, path: string): FieldError[] {
    if (!value.startsWith('.'))
        return [fieldErrors.invalid(path, value, 'must be a simple json path starting with .')];
    try {
        return parseJsonPath(value).fields === undefined
            ? [fieldErrors.invalid(path, value, 'does not support array notation')]
            : [];
    } catch (error) {
        return [fieldErrors.invalid(path, value, error instanceof Error ? error.message : String(error))];
    }
}

function validateColumn(column: Incomplete<V1CustomResourceColumnDefinition>, path: string): FieldError[] {
    const { name, type, format, jsonPath } = column;
    const errors = isBlank(name) ? [fieldErrors.required(`${path}.name`)] : [];
    if (isBlank(type))
        errors.push(fieldErrors.required(`${path}.type`, `must be one of ${columnTypes.join(',')}`));
    else if (!columnTypes.includes(type ?? ''))
        errors.push(fieldErrors.notSupported(`${path}.type`, type, columnTypes));
    if (!isBlank(format) && !columnFormats.includes(format ?? ''))
        errors.push(fieldErrors.notSupported(`${path}.format`, format, columnFormats));
    if (isBlank(jsonPath)) return [...errors, fieldErrors.required(`${path}.jsonPath`)];
    try {
        parseJsonPath(jsonPath ?? '');
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        errors.push(fieldErrors.invalid(`${path}.jsonPath`, jsonPath, `is an invalid path: ${why}`));
    }
    return errors;
}

function validateSelectableFields(
    version: Version,
    schema: StructuralSchema | undefined,
    path: string,
): FieldError[] {
    const fields = items(version.selectableFields);
    const errors: FieldError[] = [];
    if (fields.length > selectableFieldsMax)
        errors.push(fieldErrors.tooMany(path, fields.length, selectableFieldsMax));
    const seen = new Set<string>();
    for (const [index, { jsonPath = '' }] of fields.entries()) {
        const at = `${path}[${index}].jsonPath`;
        if (jsonPath === '') errors.push(fieldErrors.required(at));
        else if (seen.has(jsonPath)) errors.push(fieldErrors.duplicate(at, jsonPath));
        else errors.push(...selectableField(jsonPath, schema, at));
        seen.add(jsonPath);
    }
    return errors;
}

function selectableField(jsonPath: string, schema: StructuralSchema | undefined, path: string): FieldError[] {
    const errors = simplePathErrors(jsonPath, path);
    if (errors.length > 0 || schema === undefined) return errors;
    const fields = parseJsonPath(jsonPath).fields ?? [];
    if (fields[0] === 'metadata')
        return [fieldErrors.invalid(path, jsonPath, 'must not point to fields in metadata')];
    let found: StructuralSchema | undefined = schema;
    for (const field of fields) found = found && propertyOf(found, field);
    if (found === undefined)
        return [fieldErrors.invalid(path, jsonPath, 'is an invalid path: does not refer to a valid field')];
    return selectableTypes.includes(found.type ?? '')
        ? []
        : [
              fieldErrors.invalid(
                  path,
                  jsonPath,
                  'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
              ),
          ];
}
