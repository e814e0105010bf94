import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1PersistentVolumeClaim } from '../../../meta/object.ts';
import { compareQuantity, quantityToInteger } from '../../../meta/quantity.ts';
import { items, qualifiedName } from '../../validation/basic.ts';
import { isNativeResource } from '../../validation/resources.ts';

const resizeStates = [
    'ControllerResizeInProgress',
    'ControllerResizeInfeasible',
    'NodeResizeInProgress',
    'NodeResizeInfeasible',
    'NodeResizePending',
].sort();

/** Storage, or a resource in somebody else's domain. */
function validateResourceKey(name: string, path: string): FieldError[] {
    const errors = qualifiedName(name, path);
    return errors.length === 0 && isNativeResource(name) && name !== 'storage'
        ? [fieldErrors.notSupported(path, name, ['storage'])]
        : errors;
}

/** Of the amounts that upstream calls basic: not negative. */
export function validateBasicQuantity(quantity: string, path: string): FieldError[] {
    return compareQuantity(quantity, '0') < 0
        ? [fieldErrors.invalid(path, quantityToInteger(quantity), 'must be a valid resource quantity')]
        : [];
}

/** What a controller may say of a claim (core/validation ValidatePersistentVolumeClaimStatusUpdate). */
export function validateClaimStatus({ spec, status }: V1PersistentVolumeClaim): FieldError[] {
    const statesPath = 'status.allocatedResourceStatus';
    const allocatedPath = 'status.allocatedResources';
    return [
        ...(items(spec?.accessModes).length === 0 ? [fieldErrors.required('Spec.accessModes')] : []),
        ...Object.entries(status?.capacity ?? {}).flatMap(([name, quantity]) =>
            validateBasicQuantity(quantity, `status.capacity[${name}]`),
        ),
        ...Object.entries(status?.allocatedResourceStatuses ?? {}).flatMap(([name, state]) => [
            ...validateResourceKey(name, statesPath),
            // Upstream shows the resource, not the state that is wrong.
            ...(resizeStates.includes(state)
                ? []
                : [fieldErrors.notSupported(statesPath, name, resizeStates)]),
        ]),
        ...Object.entries(status?.allocatedResources ?? {}).flatMap(([name, quantity]) => {
            const errors = validateResourceKey(name, allocatedPath);
            return errors.length > 0 ? errors : validateBasicQuantity(quantity, `${allocatedPath}[${name}]`);
        }),
    ];
}
