import { compareQuantity } from '../../../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type {
    V1DownwardAPIVolumeFile,
    V1KeyToPath,
    V1ServiceAccountTokenProjection,
    V1Volume,
    V1VolumeProjection,
} from '../../../../meta/object.ts';
import {
    dnsLabel,
    each,
    isBlank,
    items,
    localDescendingPath,
    localNonReservedPath,
    noBacksteps,
    optionalOneOf,
    required,
} from '../../../validation/basic.ts';
import { validateClaimSpec } from '../../persistent-volume-claim/validation.ts';
import { validateFieldRef, validateResourceFieldRef, volumeFieldPaths } from './env.ts';
import type { VolumesByName } from './volume-mounts.ts';

/** Checks volumes; returns those that mounts may refer to: the sound ones, by name. */
export function validateVolumes(
    volumes: readonly V1Volume[],
    path: string,
    podName: string | undefined,
): { volumes: VolumesByName; errors: FieldError[] } {
    const byName = new Map<string, V1Volume>();
    const errors = each(volumes, path, (volume, itemPath) => {
        const found = validateVolume(volume, itemPath);
        if (byName.has(volume.name)) found.push(fieldErrors.duplicate(`${itemPath}.name`, volume.name));
        if (found.length === 0) byName.set(volume.name, volume);
        return [...found, ...validateClaimIsNotOwn(volume, itemPath, { volumes, podName })];
    });
    return { volumes: byName, errors };
}

function validateClaimIsNotOwn(
    volume: V1Volume,
    path: string,
    { volumes, podName }: { volumes: readonly V1Volume[]; podName: string | undefined },
): FieldError[] {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim === undefined || !podName) return [];
    const isOwn = volumes.some((one) => one.ephemeral !== undefined && claim === `${podName}-${one.name}`);
    if (!isOwn) return [];
    const detail = 'must not reference a PVC that gets created for an ephemeral volume';
    return [fieldErrors.invalid(`${path}.persistentVolumeClaim.claimName`, claim, detail)];
}

type SourceName = Exclude<keyof V1Volume, 'name'>;

function validateVolume(volume: V1Volume, path: string): FieldError[] {
    const [first, ...others] = (Object.keys(volume) as (keyof V1Volume)[]).filter(
        (key): key is SourceName => key !== 'name' && volume[key] !== undefined,
    );
    return [
        ...(first === undefined
            ? [fieldErrors.required(path, 'must specify a volume type')]
            : validateSource(first, volume, `${path}.${first}`)),
        ...others.map((name) =>
            fieldErrors.forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'),
        ),
        ...(isBlank(volume.name)
            ? [fieldErrors.required(`${path}.name`)]
            : dnsLabel(volume.name, `${path}.name`)),
    ];
}

function validateSource(name: SourceName, volume: V1Volume, path: string): FieldError[] {
    switch (name) {
        case 'emptyDir':
            return validateSizeLimit(volume.emptyDir?.sizeLimit, `${path}.sizeLimit`);
        case 'hostPath':
            return validateHostPath(volume.hostPath?.path, volume.hostPath?.type, path);
        case 'configMap':
            return [
                ...required(volume.configMap?.name, `${path}.name`),
                ...validateMode(volume.configMap?.defaultMode, `${path}.defaultMode`),
                ...validateKeys(volume.configMap?.items, `${path}.items`),
            ];
        case 'secret':
            return [
                ...required(volume.secret?.secretName, `${path}.secretName`),
                ...validateMode(volume.secret?.defaultMode, `${path}.defaultMode`),
                ...validateKeys(volume.secret?.items, `${path}.items`),
            ];
        case 'downwardAPI':
            return [
                ...validateMode(volume.downwardAPI?.defaultMode, `${path}.defaultMode`),
                ...each(volume.downwardAPI?.items, path, (file) => validateDownwardFile(file, path)),
            ];
        case 'projected':
            return [
                ...validateMode(volume.projected?.defaultMode, `${path}.defaultMode`),
                ...validateProjections(volume.projected?.sources, `${path}.sources`),
            ];
        case 'persistentVolumeClaim':
            return required(volume.persistentVolumeClaim?.claimName, `${path}.claimName`);
        case 'ephemeral': {
            const template = volume.ephemeral?.volumeClaimTemplate;
            return template === undefined
                ? [fieldErrors.required(`${path}.volumeClaimTemplate`)]
                : validateClaimSpec(template.spec, `${path}.volumeClaimTemplate.spec`);
        }
        case 'nfs':
            return [
                ...required(volume.nfs?.server, `${path}.server`),
                ...required(volume.nfs?.path, `${path}.path`),
                ...validateAbsolute(volume.nfs?.path, `${path}.path`),
            ];
        case 'csi':
            return required(volume.csi?.driver, `${path}.driver`);
        case 'image':
            return [
                ...required(volume.image?.reference, `${path}.reference`),
                ...optionalOneOf(volume.image?.pullPolicy, `${path}.pullPolicy`, [
                    'Always',
                    'IfNotPresent',
                    'Never',
                ]),
            ];
        case 'iscsi':
            return [
                ...required(volume.iscsi?.targetPortal, `${path}.targetPortal`),
                ...required(volume.iscsi?.iqn, `${path}.iqn`),
            ];
        case 'gitRepo':
            return [
                ...required(volume.gitRepo?.repository, `${path}.repository`),
                ...localDescendingPath(volume.gitRepo?.directory ?? '', `${path}.directory`),
            ];
        default:
            // Sources of clouds that this kubelet does not mount are the schema's matter only.
            return [];
    }
}

function validateSizeLimit(limit: string | undefined, path: string): FieldError[] {
    return limit !== undefined && compareQuantity(limit, '0') < 0
        ? [fieldErrors.forbidden(path, 'SizeLimit field must be a valid resource quantity')]
        : [];
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

export function validateHostPath(
    hostPath: string | undefined,
    type: string | undefined,
    path: string,
): FieldError[] {
    if (isBlank(hostPath)) return [fieldErrors.required(`${path}.path`)];
    return [
        ...noBacksteps(hostPath ?? '', `${path}.path`),
        ...optionalOneOf(type, `${path}.type`, hostPathTypes),
    ];
}

function validateAbsolute(value: string | undefined, path: string): FieldError[] {
    return value && !value.startsWith('/')
        ? [fieldErrors.invalid(path, value, 'must be an absolute path')]
        : [];
}

const modeMax = 0o777;

function validateMode(mode: number | undefined, path: string): FieldError[] {
    return mode === undefined || (mode >= 0 && mode <= modeMax)
        ? []
        : [fieldErrors.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function validateKeys(keys: V1KeyToPath[] | undefined, path: string): FieldError[] {
    return each(keys, path, ({ key, path: file, mode }, itemPath) => [
        ...required(key, `${itemPath}.key`),
        ...required(file, `${itemPath}.path`),
        ...localNonReservedPath(file, `${itemPath}.path`),
        ...(mode === undefined ? [] : validateMode(mode, `${itemPath}.mode`)),
    ]);
}

function validateDownwardFile(file: V1DownwardAPIVolumeFile, path: string): FieldError[] {
    const errors = required(file.path, `${path}.path`);
    errors.push(...localNonReservedPath(file.path, `${path}.path`));
    const { fieldRef, resourceFieldRef } = file;
    if (fieldRef !== undefined) {
        errors.push(...validateFieldRef(fieldRef, `${path}.fieldRef`, volumeFieldPaths));
        if (resourceFieldRef !== undefined) {
            const detail = 'fieldRef and resourceFieldRef can not be specified simultaneously';
            errors.push(fieldErrors.invalid(path, 'resource', detail));
        }
    } else if (resourceFieldRef !== undefined) {
        errors.push(
            ...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, {
                needsContainer: true,
            }),
        );
    } else {
        errors.push(fieldErrors.required(path, 'one of fieldRef and resourceFieldRef is required'));
    }
    return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}

/** Sources that end up in one directory: one kind each, and no file twice. */
function validateProjections(sources: V1VolumeProjection[] | undefined, path: string): FieldError[] {
    const files = new Set<string>();
    return each(sources, path, (source, itemPath) => [
        ...validateProjection(source, itemPath),
        ...projectedFiles(source).flatMap((file) => {
            if (files.has(file)) {
                return [fieldErrors.invalid(itemPath, file, 'conflicting duplicate paths')];
            }
            files.add(file);
            return [];
        }),
    ]);
}

function validateProjection(source: V1VolumeProjection, path: string): FieldError[] {
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    const kinds = Object.values(source).filter((value) => value !== undefined).length;
    const errors: FieldError[] = [];
    if (kinds === 0) errors.push(fieldErrors.required(path, 'must specify a volume type'));
    if (kinds > 1) errors.push(fieldErrors.forbidden(path, 'may not specify more than 1 volume type'));
    if (secret !== undefined) {
        errors.push(...required(secret.name, `${path}.secret.name`));
        errors.push(...validateKeys(secret.items, `${path}.secret.items`));
    }
    if (configMap !== undefined) {
        errors.push(...required(configMap.name, `${path}.configMap.name`));
        errors.push(...validateKeys(configMap.items, `${path}.configMap.items`));
    }
    for (const file of items(downwardAPI?.items)) {
        errors.push(...validateDownwardFile(file, `${path}.downwardAPI`));
    }
    if (serviceAccountToken !== undefined) {
        errors.push(...validateToken(serviceAccountToken, `${path}.serviceAccountToken`));
    }
    return errors;
}

const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;

function validateToken(token: V1ServiceAccountTokenProjection, path: string): FieldError[] {
    const { expirationSeconds: seconds } = token;
    const errors = required(token.path, `${path}.path`);
    if (!isBlank(token.path)) errors.push(...localNonReservedPath(token.path, `${path}.path`));
    if (seconds !== undefined && seconds < tokenSecondsMin) {
        const detail = 'may not specify a duration less than 10 minutes';
        errors.push(fieldErrors.invalid(`${path}.expirationSeconds`, seconds, detail));
    }
    if (seconds !== undefined && seconds > tokenSecondsMax) {
        const detail = 'may not specify a duration larger than 2^32 seconds';
        errors.push(fieldErrors.invalid(`${path}.expirationSeconds`, seconds, detail));
    }
    return errors;
}

function projectedFiles({
    secret,
    configMap,
    downwardAPI,
    serviceAccountToken,
}: V1VolumeProjection): string[] {
    const files = [...items(secret?.items), ...items(configMap?.items), ...items(downwardAPI?.items)].map(
        (item) => item.path,
    );
    if (serviceAccountToken !== undefined) files.push(serviceAccountToken.path);
    return files.filter((file) => !isBlank(file));
}
