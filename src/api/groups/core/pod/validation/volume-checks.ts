import { compareQuantity } from '../../../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isDns1123Subdomain } from '../../../../meta/names.ts';
import type { V1PersistentVolumeClaimTemplate, V1Volume } from '../../../../meta/object.ts';
import type { Incomplete } from '../../../incomplete.ts';
import {
    dnsSubdomain,
    each,
    isBlank,
    items,
    localDescendingPath,
    oneOf,
    required,
} from '../../../validation/basic.ts';
import { csiDriverName } from '../../../validation/csi.ts';
import { validateTemplateMeta } from '../../../validation/template-meta.ts';
import { validateClaimSpec } from '../../persistent-volume-claim/validation.ts';
import { sharedSourceChecks } from '../../volume-sources/checks.ts';
import { validateIscsi } from '../../volume-sources/iscsi.ts';
import { validateStorageOsVolume } from '../../volume-sources/storage-os.ts';
import { validateProjections } from './projected-volume.ts';
import { validateDownwardFile, validateKeyFile, validateMode } from './volume-files.ts';

export type VolumeSources = Incomplete<V1Volume>;
export type VolumeSourceName = Exclude<keyof V1Volume, 'name'>;
type Source<Name extends VolumeSourceName> = NonNullable<VolumeSources[Name]>;

/** Where a volume stands. */
export interface VolumeContext {
    volumeName: string | undefined;
    volumePath: string;
    /** Name of the pod; templates have none. */
    podName?: string | undefined;
    /** True for a pod, false for the template of a workload. */
    isPod: boolean;
}

function validateSizeLimit({ sizeLimit }: Source<'emptyDir'>, path: string): FieldError[] {
    return sizeLimit !== undefined && compareQuantity(sizeLimit, '0') < 0
        ? [fieldErrors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
        : [];
}

/** A Secret beside the pod, if one is named at all. */
function localSecret(reference: { name?: string | undefined } | undefined, path: string): FieldError[] {
    return reference === undefined ? [] : required(reference.name, `${path}.name`);
}

function validateStorageOs(source: Source<'storageos'>, path: string): FieldError[] {
    return [...validateStorageOsVolume(source, path), ...localSecret(source.secretRef, `${path}.secretRef`)];
}

function validateCsi({ driver, nodePublishSecretRef }: Source<'csi'>, path: string): FieldError[] {
    const secretName = nodePublishSecretRef?.name;
    return [
        ...csiDriverName(driver, `${path}.driver`),
        ...localSecret(nodePublishSecretRef, `${path}.nodePublishSecretRef`),
        // A name that is no name is reported without the reference's path.
        ...(isBlank(secretName) ? [] : dnsSubdomain(secretName, `${path}.name`)),
    ];
}

function validateEphemeral(
    { volumeClaimTemplate: template }: Source<'ephemeral'>,
    path: string,
    { volumeName, volumePath, podName }: VolumeContext,
): FieldError[] {
    const templatePath = `${path}.volumeClaimTemplate`;
    const errors =
        template === undefined
            ? [fieldErrors.required(templatePath)]
            : [
                  ...validateTemplateMeta(template.metadata, `${templatePath}.metadata`),
                  ...validateClaimSpec(
                      (template as V1PersistentVolumeClaimTemplate).spec,
                      `${templatePath}.spec`,
                  ),
              ];
    if (isBlank(podName) || isBlank(volumeName)) return errors;
    const claimName = `${podName ?? ''}-${volumeName ?? ''}`;
    return [
        ...errors,
        ...isDns1123Subdomain(claimName).map((message) =>
            fieldErrors.invalid(`${volumePath}.name`, volumeName, `PVC name "${claimName}": ${message}`),
        ),
    ];
}

type Check<Name extends VolumeSourceName> = (
    source: Source<Name>,
    path: string,
    context: VolumeContext,
) => FieldError[];

/** In the order in which upstream looks at them: the first that is there is the volume's source. */
export const volumeChecks: { readonly [Name in VolumeSourceName]: Check<Name> } = {
    emptyDir: validateSizeLimit,
    hostPath: sharedSourceChecks.hostPath,
    gitRepo: ({ repository, directory }, path) => [
        ...required(repository, `${path}.repository`),
        ...localDescendingPath(directory ?? '', `${path}.directory`),
    ],
    gcePersistentDisk: sharedSourceChecks.gcePersistentDisk,
    awsElasticBlockStore: sharedSourceChecks.awsElasticBlockStore,
    secret: ({ secretName, defaultMode, items: files }, path) => [
        ...required(secretName, `${path}.secretName`),
        ...validateMode(defaultMode, `${path}.defaultMode`),
        ...each(files, `${path}.items`, validateKeyFile),
    ],
    nfs: sharedSourceChecks.nfs,
    iscsi: validateIscsi,
    glusterfs: ({ endpoints, path: exported }, path) => [
        ...required(endpoints, `${path}.endpoints`),
        ...required(exported, `${path}.path`),
    ],
    flocker: sharedSourceChecks.flocker,
    persistentVolumeClaim: ({ claimName }, path) => required(claimName, `${path}.claimName`),
    rbd: sharedSourceChecks.rbd,
    cinder: ({ volumeID, secretRef }, path) => [
        ...required(volumeID, `${path}.volumeID`),
        ...localSecret(secretRef, `${path}.secretRef`),
    ],
    cephfs: sharedSourceChecks.cephfs,
    quobyte: sharedSourceChecks.quobyte,
    downwardAPI: ({ defaultMode, items: files }, path) => [
        ...validateMode(defaultMode, `${path}.defaultMode`),
        ...items(files).flatMap((file) => validateDownwardFile(file, path)),
    ],
    fc: sharedSourceChecks.fc,
    flexVolume: sharedSourceChecks.flexVolume,
    configMap: ({ name, defaultMode, items: files }, path) => [
        ...required(name, `${path}.name`),
        ...validateMode(defaultMode, `${path}.defaultMode`),
        ...each(files, `${path}.items`, validateKeyFile),
    ],
    azureFile: ({ secretName, shareName }, path) => [
        ...required(secretName, `${path}.secretName`),
        ...required(shareName, `${path}.shareName`),
    ],
    vsphereVolume: sharedSourceChecks.vsphereVolume,
    photonPersistentDisk: sharedSourceChecks.photonPersistentDisk,
    portworxVolume: sharedSourceChecks.portworxVolume,
    azureDisk: sharedSourceChecks.azureDisk,
    storageos: validateStorageOs,
    projected: ({ defaultMode, sources }, path) => [
        ...validateMode(defaultMode, `${path}.defaultMode`),
        ...validateProjections(sources, path),
    ],
    scaleIO: sharedSourceChecks.scaleIO,
    csi: validateCsi,
    ephemeral: validateEphemeral,
    image: ({ reference, pullPolicy }, path, { isPod }) => [
        ...(isPod ? required(reference, `${path}.reference`) : []),
        ...oneOf(pullPolicy, `${path}.pullPolicy`, ['Always', 'IfNotPresent', 'Never']),
    ],
};

export const volumeSourceNames = Object.keys(volumeChecks) as VolumeSourceName[];
