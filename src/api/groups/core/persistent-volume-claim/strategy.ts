import type { V1PersistentVolumeClaim } from '../../../meta/object.ts';
import { ageColumn, column, nameColumn, orUnset, wideColumn } from '../../columns.ts';
import type { Strategy } from '../../resource.ts';
import { claimSpecWarnings, storageClassAnnotationWarnings } from '../../storage-warnings.ts';
import { withStatus } from '../../strategy.ts';
import { items } from '../../validation/basic.ts';
import { defaultClaimSpec } from '../pod/volume-defaults.ts';
import { normalizeDataSources } from './data-sources.ts';
import { validateClaimStatus } from './status-validation.ts';
import { validateClaim, validateClaimUpdate } from './validation.ts';

const shortModes = [
    ['ReadWriteOnce', 'RWO'],
    ['ReadOnlyMany', 'ROX'],
    ['ReadWriteMany', 'RWX'],
    ['ReadWriteOncePod', 'RWOP'],
] as const;

/** "RWO,RWX", in a fixed order. */
export function accessModesText(modes: readonly string[] | undefined): string {
    return shortModes
        .filter(([mode]) => items(modes).includes(mode))
        .map(([, short]) => short)
        .join(',');
}

const isBoundTo = (claim: V1PersistentVolumeClaim) => Boolean(claim.spec?.volumeName);

export const persistentVolumeClaimStrategy: Strategy<V1PersistentVolumeClaim> =
    withStatus<V1PersistentVolumeClaim>({
        defaults(claim) {
            claim.spec ??= {};
            defaultClaimSpec(claim.spec);
        },
        prepareForCreate(claim) {
            claim.status = { phase: 'Pending' };
            if (claim.spec !== undefined) normalizeDataSources(claim.spec, undefined);
        },
        prepareForUpdate(claim, old, { subresource }) {
            if (subresource !== undefined || claim.spec === undefined) return;
            normalizeDataSources(claim.spec, old.spec);
        },
        validate: validateClaim,
        validateUpdate: validateClaimUpdate,
        validateStatusUpdate: validateClaimStatus,
        warnings: ({ metadata, spec }) => [
            ...storageClassAnnotationWarnings(metadata),
            ...claimSpecWarnings(spec, 'spec'),
        ],
        columns: [
            nameColumn,
            column('Status', (claim) =>
                claim.metadata?.deletionTimestamp === undefined ? (claim.status?.phase ?? '') : 'Terminating',
            ),
            column('Volume', (claim) => claim.spec?.volumeName ?? ''),
            column('Capacity', (claim) =>
                isBoundTo(claim) ? (claim.status?.capacity?.['storage'] ?? '0') : '',
            ),
            column('Access Modes', (claim) =>
                isBoundTo(claim) ? accessModesText(claim.status?.accessModes) : '',
            ),
            column('StorageClass', (claim) => claim.spec?.storageClassName ?? ''),
            column('VolumeAttributesClass', (claim) => orUnset(claim.spec?.volumeAttributesClassName)),
            ageColumn,
            wideColumn('VolumeMode', (claim) => orUnset(claim.spec?.volumeMode)),
        ],
    });
