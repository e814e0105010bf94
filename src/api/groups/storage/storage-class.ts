import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1StorageClass } from '../../meta/object.ts';
import { ageColumn, column } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { immutable, isBlank, oneOf, optionalOneOf } from '../validation/basic.ts';
import { defaultMarkedName } from './class-columns.ts';
import { validateParameters, validateProvisioner } from './parameters.ts';
import { validateTopologies } from './topology.ts';

function validateStorageClass(storageClass: Incomplete<V1StorageClass>): FieldError[] {
    const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
    return [
        ...validateProvisioner(provisioner, 'provisioner'),
        ...validateParameters(parameters),
        ...(isBlank(reclaimPolicy)
            ? []
            : optionalOneOf(reclaimPolicy, 'reclaimPolicy', ['Delete', 'Retain'])),
        ...oneOf(volumeBindingMode, 'volumeBindingMode', ['Immediate', 'WaitForFirstConsumer']),
        ...validateTopologies(allowedTopologies),
    ];
}

/** The fields that a class keeps, each with upstream's sentence. */
function validateKept(
    storageClass: Incomplete<V1StorageClass>,
    old: Incomplete<V1StorageClass>,
): FieldError[] {
    return (['parameters', 'provisioner', 'reclaimPolicy'] as const)
        .filter((field) => !semanticEqual(storageClass[field], old[field]))
        .map((field) => fieldErrors.forbidden(field, `updates to ${field} are forbidden.`));
}

export const storageClassStrategy: Strategy<Incomplete<V1StorageClass>> = {
    defaults(storageClass) {
        storageClass.reclaimPolicy ??= 'Delete';
        storageClass.volumeBindingMode ??= 'Immediate';
    },
    validate: validateStorageClass,
    validateUpdate: (storageClass, old) => [
        ...validateStorageClass(storageClass),
        ...validateKept(storageClass, old),
        ...immutable(storageClass.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode'),
    ],
    columns: [
        defaultMarkedName<Incomplete<V1StorageClass>>(
            'storageclass.kubernetes.io/is-default-class',
            'storageclass.beta.kubernetes.io/is-default-class',
        ),
        column('Provisioner', ({ provisioner }) => provisioner ?? ''),
        column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
        column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
        column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
        ageColumn,
    ],
};
