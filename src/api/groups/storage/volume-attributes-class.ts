import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1VolumeAttributesClass } from '../../meta/object.ts';
import { ageColumn, column } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { defaultMarkedName } from './class-columns.ts';
import { validateParameters, validateProvisioner } from './parameters.ts';

type AttributesClass = Incomplete<V1VolumeAttributesClass>;

function validateClass({ driverName, parameters }: AttributesClass): FieldError[] {
    const detail = 'must contain at least one key/value pair';
    return [
        ...validateProvisioner(driverName, 'driverName'),
        ...validateParameters(parameters),
        ...(Object.keys(parameters ?? {}).length > 0 ? [] : [fieldErrors.required('parameters', detail)]),
    ];
}

export const volumeAttributesClassStrategy: Strategy<AttributesClass> = {
    validate: validateClass,
    validateUpdate: (attributes, old) => [
        ...(['driverName', 'parameters'] as const)
            .filter((field) => !semanticEqual(attributes[field], old[field]))
            .map((field) => fieldErrors.forbidden(field, `updates to ${field} are forbidden.`)),
        ...validateClass(attributes),
    ],
    columns: [
        defaultMarkedName<Incomplete<V1VolumeAttributesClass>>(
            'volumeattributesclass.alpha.kubernetes.io/is-default-class',
        ),
        column('DriverName', ({ driverName }) => driverName ?? ''),
        ageColumn,
    ],
};
