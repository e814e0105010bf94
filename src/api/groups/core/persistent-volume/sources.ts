import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1PersistentVolumeSpec } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { formatErrors, noBacksteps, required } from '../../validation/basic.ts';
import { csiDriverName, secretReference } from '../../validation/csi.ts';
import { isDns1123Label } from '../../../meta/names.ts';
import { sharedSourceChecks } from '../volume-sources/checks.ts';
import { validatePersistentIscsi } from '../volume-sources/iscsi.ts';
import { sourcePath, surplusSource } from '../volume-sources/names.ts';
import { validateStorageOsVolume } from '../volume-sources/storage-os.ts';

type Sources = Incomplete<V1PersistentVolumeSpec>;

/** What a PersistentVolume is made of: one of these. */
export type SourceName = Exclude<
    keyof V1PersistentVolumeSpec,
    | 'accessModes'
    | 'capacity'
    | 'claimRef'
    | 'mountOptions'
    | 'nodeAffinity'
    | 'persistentVolumeReclaimPolicy'
    | 'storageClassName'
    | 'volumeAttributesClassName'
    | 'volumeMode'
>;
type Source<Name extends SourceName> = NonNullable<Sources[Name]>;

interface SourceContext {
    volumeName: string | undefined;
    /** Path of the volume's spec. */
    specPath: string;
    hasNodeAffinity: boolean;
}

/** A Secret of which both parts must be there, but in no certain form. */
function namedSecret(
    reference: { name?: string | undefined; namespace?: string | undefined } | undefined,
    path: string,
): FieldError[] {
    if (reference === undefined) return [];
    return [
        ...required(reference.name, `${path}.name`),
        ...required(reference.namespace, `${path}.namespace`),
    ];
}

function validateGlusterfs(source: Source<'glusterfs'>, path: string): FieldError[] {
    const { endpoints, path: exported, endpointsNamespace } = source;
    const namespacePath = `${path}.endpointsNamespace`;
    const blank = 'if the endpointnamespace is set, it must be a valid namespace name';
    const errors = [...required(endpoints, `${path}.endpoints`), ...required(exported, `${path}.path`)];
    if (endpointsNamespace === undefined) return errors;
    const messages = endpointsNamespace === '' ? [blank] : isDns1123Label(endpointsNamespace);
    return [...errors, ...formatErrors(endpointsNamespace, namespacePath, messages)];
}

function validateStorageOs(source: Source<'storageos'>, path: string): FieldError[] {
    return [...validateStorageOsVolume(source, path), ...namedSecret(source.secretRef, `${path}.secretRef`)];
}

function validateCsi(source: Source<'csi'>, path: string): FieldError[] {
    const secrets = [
        'controllerPublishSecretRef',
        'controllerExpandSecretRef',
        'nodePublishSecretRef',
        'nodeExpandSecretRef',
    ] as const;
    return [
        ...csiDriverName(source.driver, `${path}.driver`),
        ...required(source.volumeHandle, `${path}.volumeHandle`),
        ...secrets.flatMap((name) => secretReference(source[name], `${path}.${name}`)),
    ];
}

function validateLocal(
    { path: directory }: Source<'local'>,
    path: string,
    { specPath, hasNodeAffinity }: SourceContext,
): FieldError[] {
    const detail = 'Local volume requires node affinity';
    return [
        ...required(directory, `${path}.path`),
        ...noBacksteps(directory ?? '', `${path}.path`),
        ...(hasNodeAffinity ? [] : [fieldErrors.required(`${specPath}.nodeAffinity`, detail)]),
    ];
}

type Check<Name extends SourceName> = (
    source: Source<Name>,
    path: string,
    context: SourceContext,
) => FieldError[];

/** In the order in which upstream looks at them: the first that is there is the volume's source. */
const sourceChecks: { readonly [Name in SourceName]-?: Check<Name> } = {
    hostPath: sharedSourceChecks.hostPath,
    gcePersistentDisk: sharedSourceChecks.gcePersistentDisk,
    awsElasticBlockStore: sharedSourceChecks.awsElasticBlockStore,
    glusterfs: validateGlusterfs,
    flocker: sharedSourceChecks.flocker,
    nfs: sharedSourceChecks.nfs,
    rbd: sharedSourceChecks.rbd,
    quobyte: sharedSourceChecks.quobyte,
    cephfs: sharedSourceChecks.cephfs,
    iscsi: (source, path, { volumeName }) => validatePersistentIscsi(source, path, volumeName),
    cinder: ({ volumeID, secretRef }, path) => [
        ...required(volumeID, `${path}.volumeID`),
        ...namedSecret(secretRef, `${path}.secretRef`),
    ],
    fc: sharedSourceChecks.fc,
    flexVolume: sharedSourceChecks.flexVolume,
    azureFile: ({ secretName, shareName, secretNamespace }, path) => [
        ...required(secretName, `${path}.secretName`),
        ...required(shareName, `${path}.shareName`),
        ...(secretNamespace === '' ? [fieldErrors.required(`${path}.secretNamespace`)] : []),
    ],
    vsphereVolume: sharedSourceChecks.vsphereVolume,
    photonPersistentDisk: sharedSourceChecks.photonPersistentDisk,
    portworxVolume: sharedSourceChecks.portworxVolume,
    azureDisk: sharedSourceChecks.azureDisk,
    scaleIO: sharedSourceChecks.scaleIO,
    local: validateLocal,
    storageos: validateStorageOs,
    csi: validateCsi,
};
const sourceNames = Object.keys(sourceChecks) as SourceName[];

/** The sources of a spec and nothing else. */
export function sourcesOf(spec: V1PersistentVolumeSpec): Partial<V1PersistentVolumeSpec> {
    return Object.fromEntries(
        sourceNames.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]),
    );
}

/** Exactly one source, and that one sound. */
export function validateSources(spec: V1PersistentVolumeSpec, context: SourceContext): FieldError[] {
    const { specPath } = context;
    const [first, ...others] = sourceNames.filter((name) => spec[name] !== undefined);
    if (first === undefined) return [fieldErrors.required(specPath, 'must specify a volume type')];
    return [
        ...validateSource(first, spec, context),
        // A flexVolume is never one too many, but its content counts.
        ...others.flatMap((name) =>
            name === 'flexVolume' ? validateSource(name, spec, context) : [surplusSource(name, specPath)],
        ),
    ];
}

function validateSource<Name extends SourceName>(
    name: Name,
    spec: Pick<Sources, Name>,
    context: SourceContext,
): FieldError[] {
    const source = spec[name];
    if (source === undefined) return [];
    return sourceChecks[name](source, sourcePath(name, context.specPath), context);
}
