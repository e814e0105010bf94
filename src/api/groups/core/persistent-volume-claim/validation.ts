import { compareQuantity } from '../../../meta/quantity.ts';
import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec } from '../../../meta/object.ts';
import { dnsSubdomain, immutable, isBlank, items, optionalOneOf } from '../../validation/basic.ts';
import { validateLabelSelector } from '../../validation/labels.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const volumeModes = ['Block', 'Filesystem'];

export function validateAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
    const unsupported = items(modes).filter((mode) => !accessModes.includes(mode));
    const isMixed = items(modes).includes('ReadWriteOncePod') && new Set(modes).size > 1;
    return [
        ...unsupported.map((mode) => fieldErrors.notSupported(path, mode, accessModes)),
        ...(isMixed
            ? [fieldErrors.forbidden(path, 'may not use ReadWriteOncePod with other access modes')]
            : []),
    ];
}

/** A claim, or the template of one (core/validation ValidatePersistentVolumeClaimSpec). */
export function validateClaimSpec(spec: V1PersistentVolumeClaimSpec | undefined, path: string): FieldError[] {
    const { accessModes: modes, storageClassName, resources, selector, volumeMode } = spec ?? {};
    const storage = resources?.requests?.['storage'];
    const storagePath = `${path}.resources[storage]`;
    const errors =
        items(modes).length === 0
            ? [fieldErrors.required(`${path}.accessModes`, 'at least 1 access mode is required')]
            : validateAccessModes(modes, `${path}.accessModes`);
    errors.push(...validateLabelSelector(selector, `${path}.selector`));
    if (storage === undefined) errors.push(fieldErrors.required(storagePath));
    else if (compareQuantity(storage, '0') <= 0) {
        errors.push(fieldErrors.invalid(storagePath, storage, 'must be greater than zero'));
    }
    if (!isBlank(storageClassName)) {
        errors.push(...dnsSubdomain(storageClassName, `${path}.storageClassName`));
    }
    return [...errors, ...optionalOneOf(volumeMode, `${path}.volumeMode`, volumeModes)];
}

export function validateClaim(claim: V1PersistentVolumeClaim): FieldError[] {
    return validateClaimSpec(claim.spec, 'spec');
}

const immutableMessage =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export function validateClaimUpdate(
    claim: V1PersistentVolumeClaim,
    old: V1PersistentVolumeClaim,
): FieldError[] {
    const spec = claim.spec ?? {};
    const before = old.spec ?? {};
    const errors = validateClaim(claim);
    if (!semanticEqual(withMutable(claim, old), before)) {
        errors.push(fieldErrors.forbidden('spec', immutableMessage));
    }
    const size = spec.resources?.requests?.['storage'] ?? '0';
    const oldSize = before.resources?.requests?.['storage'] ?? '0';
    const capacity = old.status?.capacity?.['storage'] ?? '0';
    if (compareQuantity(size, oldSize) < 0 && compareQuantity(size, capacity) <= 0) {
        errors.push(
            fieldErrors.forbidden(
                'spec.resources.requests.storage',
                'field can not be less than status.capacity',
            ),
        );
    }
    return [...errors, ...immutable(spec.volumeMode, before.volumeMode, 'volumeMode')];
}

/** The new spec with the old values of what may change: the volume once, the class once, the size when bound. */
function withMutable(
    claim: V1PersistentVolumeClaim,
    old: V1PersistentVolumeClaim,
): V1PersistentVolumeClaimSpec {
    const before = old.spec ?? {};
    const spec: V1PersistentVolumeClaimSpec = { ...claim.spec };
    if (isBlank(before.volumeName)) spec.volumeName = before.volumeName;
    if (before.storageClassName === undefined) spec.storageClassName = undefined;
    if (old.status?.phase !== 'Bound') return spec;
    const storage = before.resources?.requests?.['storage'];
    if (spec.resources?.requests !== undefined && storage !== undefined) {
        spec.resources = { ...spec.resources, requests: { ...spec.resources.requests, storage } };
    }
    spec.volumeAttributesClassName = before.volumeAttributesClassName;
    return spec;
}
