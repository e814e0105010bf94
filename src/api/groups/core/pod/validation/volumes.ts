import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Volume } from '../../../../meta/object.ts';
import { dnsLabel, each, isBlank } from '../../../validation/basic.ts';
import { sourcePath, surplusSource } from '../../volume-sources/names.ts';
import {
    volumeChecks,
    volumeSourceNames,
    type VolumeContext,
    type VolumeSourceName,
    type VolumeSources,
} from './volume-checks.ts';
import type { VolumesByName } from './volume-mounts.ts';

/** Whose volumes they are. */
type VolumesOwner = Pick<VolumeContext, 'podName' | 'isPod'>;

/** Checks volumes; returns those that mounts may refer to: the sound ones, by name. */
export function validateVolumes(
    volumes: readonly V1Volume[],
    path: string,
    owner: VolumesOwner,
): { volumes: VolumesByName; errors: FieldError[] } {
    const byName = new Map<string, V1Volume>();
    const { podName } = owner;
    const errors = each(volumes, path, (volume, itemPath) => {
        const found = validateVolume(volume, itemPath, owner);
        if (byName.has(volume.name)) found.push(fieldErrors.duplicate(`${itemPath}.name`, volume.name));
        if (found.length === 0) byName.set(volume.name, volume);
        return [...found, ...validateClaimIsNotOwn(volume, itemPath, { volumes, podName })];
    });
    return { volumes: byName, errors };
}

function validateClaimIsNotOwn(
    volume: V1Volume,
    path: string,
    { volumes, podName }: { volumes: readonly V1Volume[]; podName?: string | undefined },
): FieldError[] {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim === undefined || !podName) return [];
    const isOwn = volumes.some((one) => one.ephemeral !== undefined && claim === `${podName}-${one.name}`);
    if (!isOwn) return [];
    const detail = 'must not reference a PVC that gets created for an ephemeral volume';
    return [fieldErrors.invalid(`${path}.persistentVolumeClaim.claimName`, claim, detail)];
}

function validateVolume(volume: V1Volume, path: string, owner: VolumesOwner): FieldError[] {
    const [first, ...others] = volumeSourceNames.filter((name) => volume[name] !== undefined);
    const context = { ...owner, volumeName: volume.name, volumePath: path };
    return [
        ...(first === undefined
            ? [fieldErrors.required(path, 'must specify a volume type')]
            : validateSource(first, volume, context)),
        ...others.map((name) => surplusSource(name, path)),
        ...(isBlank(volume.name)
            ? [fieldErrors.required(`${path}.name`)]
            : dnsLabel(volume.name, `${path}.name`)),
    ];
}

function validateSource<Name extends VolumeSourceName>(
    name: Name,
    volume: Pick<VolumeSources, Name>,
    context: VolumeContext,
): FieldError[] {
    const source = volume[name];
    if (source === undefined) return [];
    return volumeChecks[name](source, sourcePath(name, context.volumePath), context);
}
