import { compareQuantity } from '../../../meta/quantity.ts';
import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec } from '../../../meta/object.ts';
import { dnsSubdomain, immutable, isBlank, items, optionalOneOf } from '../../validation/basic.ts';
import { validateLabelSelector } from '../../validation/labels.ts';
import {
    type DataSourceOptions,
    fillDataSources,
    hasDataSourceGroup,
    validateDataSources,
} from './data-sources.ts';

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
export function validateClaimSpec(
    spec: V1PersistentVolumeClaimSpec | undefined,
    path: string,
    options: DataSourceOptions = { acceptsAnyGroup: false },
): FieldError[] {
    const { accessModes: modes, storageClassName, selector, volumeMode } = spec ?? {};
    const attributesClass = spec?.volumeAttributesClassName;
    return [
        ...(items(modes).length === 0
            ? [fieldErrors.required(`${path}.accessModes`, 'at least 1 access mode is required')]
            : []),
        ...validateLabelSelector(selector, `${path}.selector`),
        ...validateAccessModes(modes, `${path}.accessModes`),
        ...validateRequest(spec, path),
        ...(isBlank(storageClassName) ? [] : dnsSubdomain(storageClassName, `${path}.storageClassName`)),
        ...optionalOneOf(volumeMode, `${path}.volumeMode`, volumeModes),
        ...validateDataSources(spec ?? {}, path, options),
        ...(isBlank(attributesClass)
            ? []
            : dnsSubdomain(attributesClass, `${path}.volumeAttributesClassName`)),
    ];
}

function validateRequest(spec: V1PersistentVolumeClaimSpec | undefined, path: string): FieldError[] {
    const storage = spec?.resources?.requests?.['storage'];
    const storagePath = `${path}.resources[storage]`;
    if (storage === undefined) return [fieldErrors.required(storagePath)];
    return compareQuantity(storage, '0') > 0
        ? []
        : [fieldErrors.invalid(storagePath, storage, 'must be greater than zero')];
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
    const takesClass = takesClassOfAnnotation(claim, old);
    return [
        ...validateClaimSpec(claim.spec, 'spec', { acceptsAnyGroup: hasDataSourceGroup(before) }),
        ...(takesClass
            ? []
            : immutable(
                  betaClass(claim) ?? '',
                  betaClass(old) ?? '',
                  `metadata.annotations.${betaStorageClass}`,
              )),
        ...(semanticEqual(withMutable(claim, old), normalized(before))
            ? []
            : [fieldErrors.forbidden('spec', immutableMessage)]),
        ...validateShrinking(spec, old),
        ...immutable(spec.volumeMode, before.volumeMode, 'volumeMode'),
        ...validateAttributesClassUpdate(spec.volumeAttributesClassName, before.volumeAttributesClassName),
    ];
}

/** As claims are written today: with both fields for the source of the data. */
function normalized(spec: V1PersistentVolumeClaimSpec): V1PersistentVolumeClaimSpec {
    const copy = { ...spec };
    fillDataSources(copy);
    return copy;
}

/** A size may go back after an expansion that failed, but not below what there is. */
function validateShrinking(spec: V1PersistentVolumeClaimSpec, old: V1PersistentVolumeClaim): FieldError[] {
    const size = spec.resources?.requests?.['storage'] ?? '0';
    const oldSize = old.spec?.resources?.requests?.['storage'] ?? '0';
    const capacity = old.status?.capacity?.['storage'] ?? '0';
    if (compareQuantity(size, oldSize) >= 0 || compareQuantity(size, capacity) > 0) return [];
    const detail = 'field can not be less than status.capacity';
    return [fieldErrors.forbidden('spec.resources.requests.storage', detail)];
}

/** Once a claim has a class of attributes, it has one for good. */
function validateAttributesClassUpdate(name: string | undefined, old: string | undefined): FieldError[] {
    if (old === undefined || name === old || (name !== undefined && name !== '')) return [];
    const to = name === undefined ? 'nil' : 'an empty string';
    const detail = `update from non-nil value to ${to} is forbidden`;
    return [fieldErrors.forbidden('spec.volumeAttributesClassName', detail)];
}

const betaStorageClass = 'volume.beta.kubernetes.io/storage-class';

function betaClass({ metadata }: V1PersistentVolumeClaim): string | undefined {
    return metadata?.annotations?.[betaStorageClass];
}

/** True where the class moves from the annotation of old to the field of today. */
function takesClassOfAnnotation(claim: V1PersistentVolumeClaim, old: V1PersistentVolumeClaim): boolean {
    const named = betaClass(old);
    const kept = betaClass(claim);
    return (
        named !== undefined &&
        old.spec?.storageClassName === undefined &&
        claim.spec?.storageClassName === named &&
        (kept === undefined || kept === named)
    );
}

/** The new spec with the old values of what may change: the volume once, the class once, the size when bound. */
function withMutable(
    claim: V1PersistentVolumeClaim,
    old: V1PersistentVolumeClaim,
): V1PersistentVolumeClaimSpec {
    const before = old.spec ?? {};
    const spec: V1PersistentVolumeClaimSpec = { ...claim.spec };
    const named = betaClass(old);
    if (isBlank(before.volumeName)) spec.volumeName = before.volumeName;
    if (before.storageClassName === undefined && (named === undefined || named === spec.storageClassName)) {
        spec.storageClassName = undefined;
    }
    if (old.status?.phase !== 'Bound') return spec;
    const storage = before.resources?.requests?.['storage'];
    if (spec.resources?.requests !== undefined && storage !== undefined) {
        spec.resources = { ...spec.resources, requests: { ...spec.resources.requests, storage } };
    }
    if (spec.volumeAttributesClassName !== undefined) {
        spec.volumeAttributesClassName = before.volumeAttributesClassName;
    }
    return spec;
}
