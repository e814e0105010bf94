import type { V1PersistentVolume } from '../../../meta/object.ts';
import { ageColumn, column, nameColumn, orUnset, wideColumn } from '../../columns.ts';
import type { Strategy } from '../../resource.ts';
import { withStatus } from '../../strategy.ts';
import { isBlank } from '../../validation/basic.ts';
import { accessModesText } from '../persistent-volume-claim/strategy.ts';
import { defaultSources } from '../volume-sources/defaults.ts';
import { validateVolume, validateVolumeUpdate } from './validation.ts';
import { volumeWarnings } from './warnings.ts';

/** Stamps a phase that is new; a write that says nothing of the time keeps the one there is. */
function stampPhase(volume: V1PersistentVolume, old: V1PersistentVolume, now: string): void {
    const { status } = volume;
    if (status === undefined) return;
    const before = old.status?.lastPhaseTransitionTime;
    if (status.phase === old.status?.phase) {
        if (before !== undefined) status.lastPhaseTransitionTime ??= before;
    } else if (status.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === before) {
        status.lastPhaseTransitionTime = now;
    }
}

export const persistentVolumeStrategy: Strategy<V1PersistentVolume> = withStatus<V1PersistentVolume>({
    defaults(volume) {
        volume.spec ??= {};
        volume.spec.persistentVolumeReclaimPolicy ??= 'Retain';
        volume.spec.volumeMode ??= 'Filesystem';
        defaultSources(volume.spec);
    },
    prepareForCreate(volume, { now }) {
        volume.status = { phase: 'Pending', lastPhaseTransitionTime: now };
    },
    prepareForUpdate(volume, old, { now, subresource }) {
        if (subresource === 'status') stampPhase(volume, old, now);
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
