import { compareQuantity } from '../../../meta/quantity.ts';
import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1PersistentVolume, V1PersistentVolumeSpec } from '../../../meta/object.ts';
import { ageColumn, column, nameColumn, orUnset, wideColumn } from '../../columns.ts';
import type { Strategy } from '../../resource.ts';
import { withStatus } from '../../strategy.ts';
import { immutable, isBlank, items, optionalOneOf, required } from '../../validation/basic.ts';
import { validateAccessModes, volumeModes } from '../persistent-volume-claim/validation.ts';
import { accessModesText } from '../persistent-volume-claim/strategy.ts';
import { validateNodeSelector } from '../pod/validation/affinity.ts';
import { validateHostPath } from '../pod/validation/volumes.ts';
import { volumeWarnings } from './warnings.ts';

const sourceNames = [
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
    'csi',
    'fc',
    'flexVolume',
    'flocker',
    'gcePersistentDisk',
    'glusterfs',
    'hostPath',
    'iscsi',
    'local',
    'nfs',
    'photonPersistentDisk',
    'portworxVolume',
    'quobyte',
    'rbd',
    'scaleIO',
    'storageos',
    'vsphereVolume',
] as const satisfies readonly (keyof V1PersistentVolumeSpec)[];

function sourceOf(spec: V1PersistentVolumeSpec): Partial<V1PersistentVolumeSpec> {
    return Object.fromEntries(
        sourceNames.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]),
    );
}

function validateVolume(volume: V1PersistentVolume): FieldError[] {
    const spec = volume.spec ?? {};
    return [
        ...(items(spec.accessModes).length === 0
            ? [fieldErrors.required('spec.accessModes')]
            : validateAccessModes(spec.accessModes, 'spec.accessModes')),
        ...validateCapacity(spec.capacity),
        ...optionalOneOf(spec.persistentVolumeReclaimPolicy, 'spec.persistentVolumeReclaimPolicy', [
            'Delete',
            'Recycle',
            'Retain',
        ]),
        ...validateSource(spec),
        ...(spec.nodeAffinity?.required === undefined
            ? []
            : validateNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required')),
        ...optionalOneOf(spec.volumeMode, 'spec.volumeMode', volumeModes),
    ];
}

function validateCapacity(capacity: Record<string, string> | undefined): FieldError[] {
    const path = 'spec.capacity';
    const names = Object.keys(capacity ?? {});
    if (names.length === 0) return [fieldErrors.required(path)];
    const storage = capacity?.['storage'];
    if (storage === undefined || names.length > 1) {
        return [fieldErrors.notSupported(path, names.join(','), ['storage'])];
    }
    return compareQuantity(storage, '0') > 0
        ? []
        : [fieldErrors.invalid(`${path}[storage]`, storage, 'must be greater than zero')];
}

function validateSource(spec: V1PersistentVolumeSpec): FieldError[] {
    const [first, ...others] = Object.keys(sourceOf(spec));
    if (first === undefined) return [fieldErrors.required('spec', 'must specify a volume type')];
    const errors = others.map((name) =>
        fieldErrors.forbidden(`spec.${name}`, 'may not specify more than 1 volume type'),
    );
    if (spec.hostPath !== undefined) {
        errors.push(...validateHostPath(spec.hostPath.path, spec.hostPath.type, 'spec.hostPath'));
        if (spec.hostPath.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
            const detail = "may not be 'recycle' for a hostPath mount of '/'";
            errors.push(fieldErrors.forbidden('spec.persistentVolumeReclaimPolicy', detail));
        }
    }
    if (spec.nfs !== undefined) {
        errors.push(
            ...required(spec.nfs.server, 'spec.nfs.server'),
            ...required(spec.nfs.path, 'spec.nfs.path'),
        );
    }
    if (spec.local !== undefined) {
        errors.push(...required(spec.local.path, 'spec.local.path'));
        if (spec.nodeAffinity === undefined) {
            const detail = 'Local volume requires node affinity';
            errors.push(fieldErrors.required('spec.nodeAffinity', detail));
        }
    }
    if (spec.csi !== undefined) {
        errors.push(
            ...required(spec.csi.driver, 'spec.csi.driver'),
            ...required(spec.csi.volumeHandle, 'spec.csi.volumeHandle'),
        );
    }
    return errors;
}

function validateVolumeUpdate(volume: V1PersistentVolume, old: V1PersistentVolume): FieldError[] {
    const spec = volume.spec ?? {};
    const before = old.spec ?? {};
    const errors = validateVolume(volume);
    if (!semanticEqual(sourceOf(spec), sourceOf(before))) {
        const detail = 'spec.persistentvolumesource is immutable after creation';
        errors.push(fieldErrors.forbidden('spec.persistentvolumesource', detail));
    }
    errors.push(...immutable(spec.volumeMode, before.volumeMode, 'volumeMode'));
    if (before.nodeAffinity !== undefined) {
        errors.push(...immutable(spec.nodeAffinity, before.nodeAffinity, 'spec.nodeAffinity'));
    }
    return errors;
}

export const persistentVolumeStrategy: Strategy<V1PersistentVolume> = withStatus<V1PersistentVolume>({
    defaults(volume) {
        volume.spec ??= {};
        volume.spec.persistentVolumeReclaimPolicy ??= 'Retain';
        volume.spec.volumeMode ??= 'Filesystem';
        if (volume.spec.hostPath !== undefined) volume.spec.hostPath.type ??= '';
    },
    prepareForCreate(volume) {
        volume.status = { phase: 'Pending' };
    },
    validate: validateVolume,
    validateUpdate: validateVolumeUpdate,
    warnings: volumeWarnings,
    columns: [
        nameColumn,
        column('Capacity', (volume) => volume.spec?.capacity?.['storage'] ?? '0'),
        column('Access Modes', (volume) => accessModesText(volume.spec?.accessModes)),
        column('Reclaim Policy', (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? ''),
        column('Status', (volume) =>
            volume.metadata?.deletionTimestamp === undefined ? (volume.status?.phase ?? '') : 'Terminating',
        ),
        column('Claim', claimText),
        column('StorageClass', (volume) => volume.spec?.storageClassName ?? ''),
        column('VolumeAttributesClass', (volume) => orUnset(volume.spec?.volumeAttributesClassName)),
        column('Reason', (volume) => volume.status?.reason ?? ''),
        ageColumn,
        wideColumn('VolumeMode', (volume) => orUnset(volume.spec?.volumeMode)),
    ],
});

function claimText({ spec }: V1PersistentVolume): string {
    const claim = spec?.claimRef;
    return claim === undefined || isBlank(claim.name) ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`;
}
