import type { V1PersistentVolume } from '../../../meta/object.ts';
import { nodeSelectorTermWarnings } from '../../node-label-warnings.ts';
import { storageClassAnnotationWarnings } from '../../storage-warnings.ts';
import { items } from '../../validation/basic.ts';

/** Plugins that have gone: the field, what it is called in warnings, and what is said. */
const deprecatedSources = [
    ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
    ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
    ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
    ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
    ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
    ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

/** What a client should hear about a PersistentVolume (pkg/api/persistentvolume/util.go). */
export function volumeWarnings({ metadata, spec }: V1PersistentVolume): string[] {
    const terms = items(spec?.nodeAffinity?.required?.nodeSelectorTerms);
    return [
        ...storageClassAnnotationWarnings(metadata),
        ...(spec?.persistentVolumeReclaimPolicy === 'Recycle'
            ? [
                  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
              ]
            : []),
        ...terms.flatMap((term, index) =>
            nodeSelectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`),
        ),
        ...deprecatedSources
            .filter(([field]) => spec?.[field] !== undefined)
            .map(([, shown, why]) => `spec.${shown}: ${why}`),
    ];
}
