import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1Volume } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import {
    inRange,
    inclusiveRange,
    isBlank,
    items,
    noBacksteps,
    optionalOneOf,
    required,
} from '../../validation/basic.ts';
import { validateAzureDisk } from './azure-disk.ts';
import { isHostPort } from './host-port.ts';

/** Sources whose rules hold in pods and in PersistentVolumes alike. */
export type SharedSourceName =
    | 'awsElasticBlockStore'
    | 'azureDisk'
    | 'cephfs'
    | 'fc'
    | 'flexVolume'
    | 'flocker'
    | 'gcePersistentDisk'
    | 'hostPath'
    | 'nfs'
    | 'photonPersistentDisk'
    | 'portworxVolume'
    | 'quobyte'
    | 'rbd'
    | 'scaleIO'
    | 'vsphereVolume';

type Sources = Incomplete<V1Volume>;
type Source<Name extends keyof Sources> = NonNullable<Sources[Name]>;

const lunRange = { low: 0, high: 255 };
/** Upstream takes a partition of 0 too, and says otherwise. */
const partitionMax = 255;
const tenantCharactersMax = 64;

function validatePartition(partition: number | undefined, path: string): FieldError[] {
    return partition === undefined || (partition >= 0 && partition <= partitionMax)
        ? []
        : [fieldErrors.invalid(path, partition, inclusiveRange(1, partitionMax))];
}

function validateMonitors(monitors: readonly string[] | undefined, path: string): FieldError[] {
    return items(monitors).length === 0 ? [fieldErrors.required(path)] : [];
}

function validateFibreChannel({ targetWWNs, wwids, lun }: Source<'fc'>, path: string): FieldError[] {
    const errors: FieldError[] = [];
    const hasTargets = items(targetWWNs).length > 0;
    const hasIds = items(wwids).length > 0;
    if (!hasTargets && !hasIds) {
        const detail = 'must specify either targetWWNs or wwids, but not both';
        errors.push(fieldErrors.required(`${path}.targetWWNs`, detail));
    }
    if (hasTargets && hasIds) {
        const detail = 'targetWWNs and wwids can not be specified simultaneously';
        errors.push(fieldErrors.invalid(`${path}.targetWWNs`, targetWWNs, detail));
    }
    if (!hasTargets) return errors;
    return lun === undefined
        ? [...errors, fieldErrors.required(`${path}.lun`, 'lun is required if targetWWNs is specified')]
        : [...errors, ...inRange(lun, `${path}.lun`, lunRange)];
}

function validateFlex({ driver, options }: Source<'flexVolume'>, path: string): FieldError[] {
    const reserved = Object.keys(options ?? {}).filter((key) => {
        const [namespace = ''] = key.split('/', 1);
        return /\.(?:kubernetes|k8s)\.io$/.test(`.${namespace.toLowerCase()}`);
    });
    const detail = 'kubernetes.io and k8s.io namespaces are reserved';
    return [
        ...required(driver, `${path}.driver`),
        ...reserved.map((key) => fieldErrors.invalid(`${path}.options[${key}]`, key, detail)),
    ];
}

function validateFlocker({ datasetName, datasetUUID }: Source<'flocker'>, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (isBlank(datasetName) && isBlank(datasetUUID)) {
        errors.push(fieldErrors.required(path, 'one of datasetName and datasetUUID is required'));
    }
    if (!isBlank(datasetName) && !isBlank(datasetUUID)) {
        const detail = 'datasetName and datasetUUID can not be specified simultaneously';
        errors.push(fieldErrors.invalid(path, 'resource', detail));
    }
    if (datasetName?.includes('/') === true) {
        errors.push(fieldErrors.invalid(`${path}.datasetName`, datasetName, "must not contain '/'"));
    }
    return errors;
}

function validateRegistry({ registry, tenant }: Source<'quobyte'>, path: string): FieldError[] {
    const detail = 'must be a host:port pair or multiple pairs separated by commas';
    const text = registry ?? '';
    if (text === '') return [fieldErrors.required(`${path}.registry`, detail)];
    if ((tenant ?? '').length > tenantCharactersMax) {
        const tenantDetail = 'must be a UUID and may not exceed a length of 64 characters';
        return [fieldErrors.required(`${path}.tenant`, tenantDetail)];
    }
    // One complaint shows the whole text already: a long list of bad pairs does not make a longer answer.
    return text.split(',').every(isHostPort) ? [] : [fieldErrors.invalid(`${path}.registry`, text, detail)];
}

const hostPathTypes = [
    '',
    'BlockDevice',
    'CharDevice',
    'Directory',
    'DirectoryOrCreate',
    'File',
    'FileOrCreate',
    'Socket',
];

function validateHostPath({ path: hostPath, type }: Source<'hostPath'>, path: string): FieldError[] {
    if (isBlank(hostPath)) return [fieldErrors.required(`${path}.path`)];
    return [
        ...noBacksteps(hostPath ?? '', `${path}.path`),
        ...optionalOneOf(type, `${path}.type`, hostPathTypes),
    ];
}

function validateNfs({ server, path: exported }: Source<'nfs'>, path: string): FieldError[] {
    const text = exported ?? '';
    return [
        ...required(server, `${path}.server`),
        ...required(text, `${path}.path`),
        ...(text.startsWith('/')
            ? []
            : [fieldErrors.invalid(`${path}.path`, text, 'must be an absolute path')]),
    ];
}

/** What is wrong with a source that is there, by its field's name (core/validation validateVolumeSource). */
export const sharedSourceChecks: {
    readonly [Name in SharedSourceName]: (source: Source<Name>, path: string) => FieldError[];
} = {
    awsElasticBlockStore: ({ volumeID, partition }, path) => [
        ...required(volumeID, `${path}.volumeID`),
        ...validatePartition(partition, `${path}.partition`),
    ],
    azureDisk: validateAzureDisk,
    cephfs: ({ monitors }, path) => validateMonitors(monitors, `${path}.monitors`),
    fc: validateFibreChannel,
    flexVolume: validateFlex,
    flocker: validateFlocker,
    gcePersistentDisk: ({ pdName, partition }, path) => [
        ...required(pdName, `${path}.pdName`),
        ...validatePartition(partition, `${path}.partition`),
    ],
    hostPath: validateHostPath,
    nfs: validateNfs,
    photonPersistentDisk: ({ pdID }, path) => required(pdID, `${path}.pdID`),
    portworxVolume: ({ volumeID }, path) => required(volumeID, `${path}.volumeID`),
    quobyte: (source, path) => [
        ...validateRegistry(source, path),
        ...required(source.volume, `${path}.volume`),
    ],
    rbd: ({ monitors, image }, path) => [
        ...validateMonitors(monitors, `${path}.monitors`),
        ...required(image, `${path}.image`),
    ],
    scaleIO: ({ gateway, system, volumeName }, path) => [
        ...required(gateway, `${path}.gateway`),
        ...required(system, `${path}.system`),
        ...required(volumeName, `${path}.volumeName`),
    ],
    vsphereVolume: ({ volumePath }, path) => required(volumePath, `${path}.volumePath`),
};
