import { posix } from 'node:path';
import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type {
    V1PersistentVolume,
    V1PersistentVolumeSpec,
    V1VolumeNodeAffinity,
} from '../../../meta/object.ts';
import { compareQuantity } from '../../../meta/quantity.ts';
import { dnsSubdomain, immutable, isBlank, items, optionalOneOf } from '../../validation/basic.ts';
import { validateBasicQuantity } from '../persistent-volume-claim/status-validation.ts';
import { validateAccessModes, volumeModes } from '../persistent-volume-claim/validation.ts';
import { validateNodeSelector } from '../pod/validation/affinity.ts';
import { sourcesOf, validateSources } from './sources.ts';

type Spec = V1PersistentVolumeSpec;

function validateModes(spec: Spec, path: string): FieldError[] {
    return [
        ...(items(spec.accessModes).length === 0 ? [fieldErrors.required(`${path}.accessModes`)] : []),
        ...validateAccessModes(spec.accessModes, `${path}.accessModes`),
    ];
}

function validateCapacity(capacity: Record<string, string> | undefined, path: string): FieldError[] {
    const names = Object.keys(capacity ?? {});
    const errors = names.length === 0 ? [fieldErrors.required(path)] : [];
    if (names.length !== 1 || names[0] !== 'storage') {
        errors.push(fieldErrors.notSupported(path, capacity, ['storage']));
    }
    for (const [name, quantity] of Object.entries(capacity ?? {})) {
        const quantityPath = `${path}[${name}]`;
        errors.push(...validateBasicQuantity(quantity, quantityPath));
        if (compareQuantity(quantity, '0') > 0) continue;
        errors.push(fieldErrors.invalid(quantityPath, quantity, 'must be greater than zero'));
    }
    return errors;
}

function validateNodeAffinity(affinity: V1VolumeNodeAffinity | undefined, path: string): FieldError[] {
    if (affinity === undefined) return [];
    return affinity.required === undefined
        ? [fieldErrors.required(`${path}.required`, 'must specify required node constraints')]
        : validateNodeSelector(affinity.required, `${path}.required`);
}

/** Nothing may wipe a whole node. */
function validateRecycling(spec: Spec, path: string): FieldError[] {
    const { hostPath, persistentVolumeReclaimPolicy: policy } = spec;
    if (hostPath === undefined || policy !== 'Recycle') return [];
    const hostDirectory = (hostPath.path as string | undefined) ?? '';
    // Go's path.Clean leaves no slash at the end.
    if (!/^\/+$/.test(posix.normalize(hostDirectory))) return [];
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    return [fieldErrors.forbidden(`${path}.persistentVolumeReclaimPolicy`, detail)];
}

function validateAttributesClass(spec: Spec, path: string): FieldError[] {
    const { volumeAttributesClassName: name, csi } = spec;
    if (name === undefined) return [];
    const namePath = `${path}.volumeAttributesClassName`;
    const detail = 'has to be specified when using volumeAttributesClassName';
    return [
        ...(name === ''
            ? [fieldErrors.required(namePath, 'an empty string is disallowed')]
            : dnsSubdomain(name, namePath)),
        ...(csi === undefined ? [fieldErrors.required(`${path}.csi`, detail)] : []),
    ];
}

/** Errors of a PersistentVolume to be created (core/validation ValidatePersistentVolumeSpec). */
export function validateVolume({ metadata, spec = {} }: V1PersistentVolume): FieldError[] {
    const path = 'spec';
    const { nodeAffinity, storageClassName, volumeMode, persistentVolumeReclaimPolicy: policy } = spec;
    const hasNodeAffinity = nodeAffinity !== undefined;
    const policies = ['Delete', 'Recycle', 'Retain'];
    return [
        ...validateModes(spec, path),
        ...validateCapacity(spec.capacity, `${path}.capacity`),
        ...(isBlank(policy) ? [] : optionalOneOf(policy, `${path}.persistentVolumeReclaimPolicy`, policies)),
        ...validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`),
        ...validateSources(spec, { volumeName: metadata?.name, specPath: path, hasNodeAffinity }),
        ...validateRecycling(spec, path),
        ...(isBlank(storageClassName) ? [] : dnsSubdomain(storageClassName, `${path}.storageClassName`)),
        ...optionalOneOf(volumeMode, `${path}.volumeMode`, volumeModes),
        ...validateAttributesClass(spec, path),
    ];
}

/** Errors of a spec that stands in a VolumeAttachment instead of in an object of its own. */
export function validateInlineVolume(spec: Spec, path: string): FieldError[] {
    const context = 'in the context of inline volumes';
    const misplaced = (['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'] as const).filter(
        (field) => isGiven(spec[field]),
    );
    const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
    const detail = `may not be specified ${context}`;
    const errors = misplaced.map((field) => fieldErrors.forbidden(`${path}.${field}`, detail));
    if (spec.csi === undefined) {
        errors.push(fieldErrors.required(`${path}.csi`, `has to be specified ${context}`));
    }
    errors.push(...validateModes(spec, path));
    if (!isBlank(policy) && policy !== 'Retain') {
        const policyPath = `${path}.persistentVolumeReclaimPolicy`;
        errors.push(fieldErrors.forbidden(policyPath, `may only be Retain ${context}`));
    }
    errors.push(
        ...validateSources(spec, { volumeName: '', specPath: path, hasNodeAffinity: false }),
        ...validateRecycling(spec, path),
    );
    if (volumeMode !== undefined && volumeMode !== 'Filesystem') {
        const modeDetail = `may not specify volumeMode other than Filesystem ${context}`;
        errors.push(fieldErrors.forbidden(`${path}.volumeMode`, modeDetail));
    }
    return errors;
}

function isGiven(value: string | object | undefined): boolean {
    if (value === undefined || value === '') return false;
    return typeof value === 'string' || Object.keys(value).length > 0;
}

/** A secret for expanding may be added to a volume that has none; all else of a source stays. */
function withoutNewSecret(spec: Spec, old: Spec): Spec {
    const mayAdd = old.csi !== undefined && old.csi.controllerExpandSecretRef === undefined;
    if (!mayAdd || spec.csi === undefined) return spec;
    const { controllerExpandSecretRef: _added, ...csi } = spec.csi;
    return { ...spec, csi };
}

/** Labels of nodes that were beta once, and what they are called since. */
const stableLabels: Readonly<Record<string, string>> = {
    'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
    'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
    'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
    'beta.kubernetes.io/os': 'kubernetes.io/os',
    'beta.kubernetes.io/arch': 'kubernetes.io/arch',
};

/** The old affinity, with a label's stable name where the new one has it in the same place. */
function withStableLabels(
    old: V1VolumeNodeAffinity,
    next: V1VolumeNodeAffinity | undefined,
): V1VolumeNodeAffinity {
    if (old.required === undefined) return old;
    const nextTerms = items(next?.required?.nodeSelectorTerms);
    const nodeSelectorTerms = items(old.required.nodeSelectorTerms).map((term, index) => {
        if (term.matchExpressions === undefined) return term;
        const nextExpressions = items(nextTerms[index]?.matchExpressions);
        const matchExpressions = term.matchExpressions.map((expression, at) => {
            const key = nextExpressions[at]?.key;
            const isRenamed = key !== undefined && stableLabels[expression.key] === key;
            return isRenamed ? { ...expression, key } : expression;
        });
        return { ...term, matchExpressions };
    });
    return { ...old, required: { ...old.required, nodeSelectorTerms } };
}

export function validateVolumeUpdate(volume: V1PersistentVolume, old: V1PersistentVolume): FieldError[] {
    const spec = volume.spec ?? {};
    const before = old.spec ?? {};
    const errors = validateVolume(volume);
    if (!semanticEqual(sourcesOf(withoutNewSecret(spec, before)), sourcesOf(before))) {
        const detail = 'spec.persistentvolumesource is immutable after creation';
        errors.push(fieldErrors.forbidden('spec.persistentvolumesource', detail));
    }
    errors.push(...immutable(spec.volumeMode, before.volumeMode, 'volumeMode'));
    if (before.nodeAffinity !== undefined) {
        const kept = withStableLabels(before.nodeAffinity, spec.nodeAffinity);
        errors.push(...immutable(spec.nodeAffinity, kept, 'nodeAffinity'));
    }
    if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
        const detail = 'update from non-nil value to nil is forbidden';
        errors.push(fieldErrors.forbidden('spec.volumeAttributesClassName', detail));
    }
    return errors;
}
