import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1Volume, V1VolumeMount } from '../../../../meta/object.ts';
import { each, isBlank, items, localDescendingPath, noBacksteps } from '../../../validation/basic.ts';

/** The pod's volumes by name: what mounts may refer to. */
export type VolumesByName = ReadonlyMap<string, V1Volume>;

export function validateVolumeMounts(
    container: V1Container,
    path: string,
    volumes: VolumesByName,
): FieldError[] {
    const devices = items(container.volumeDevices);
    const paths = new Set<string>();
    return each(container.volumeMounts, path, (mount, itemPath) => {
        const errors = validateTarget(mount, itemPath, volumes);
        if (paths.has(mount.mountPath)) {
            errors.push(fieldErrors.invalid(`${itemPath}.mountPath`, mount.mountPath, 'must be unique'));
        }
        paths.add(mount.mountPath);
        if (devices.some((device) => device.name === mount.name)) {
            const detail = 'must not already exist in volumeDevices';
            errors.push(fieldErrors.invalid(`${itemPath}.name`, mount.name, detail));
        }
        if (devices.some((device) => device.devicePath === mount.mountPath)) {
            const detail = 'must not already exist as a path in volumeDevices';
            errors.push(fieldErrors.invalid(`${itemPath}.mountPath`, mount.mountPath, detail));
        }
        return [
            ...errors,
            ...validateSubPath(mount, path, itemPath),
            ...validatePropagation(mount, `${path}.mountPropagation`, container),
            ...validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`),
        ];
    });
}

function validateTarget(mount: V1VolumeMount, path: string, volumes: VolumesByName): FieldError[] {
    const errors: FieldError[] = [];
    if (isBlank(mount.name)) errors.push(fieldErrors.required(`${path}.name`));
    if (!volumes.has(mount.name)) errors.push(fieldErrors.notFound(`${path}.name`, mount.name));
    if (isBlank(mount.mountPath)) errors.push(fieldErrors.required(`${path}.mountPath`));
    if (volumes.get(mount.name)?.image !== undefined) {
        for (const field of ['subPath', 'subPathExpr'] as const) {
            const value = mount[field];
            if (value === undefined || value === '') continue;
            errors.push(
                fieldErrors.invalid(`${path}.${field}`, value, 'not allowed in image volume sources'),
            );
        }
    }
    return errors;
}

// The list's path without an index is what upstream reports for these.
function validateSubPath(mount: V1VolumeMount, path: string, itemPath: string): FieldError[] {
    const { subPath, subPathExpr } = mount;
    const errors: FieldError[] = [];
    if (subPath) errors.push(...localDescendingPath(subPath, `${path}.subPath`));
    if (subPathExpr) {
        if (subPath) {
            const detail = 'subPathExpr and subPath are mutually exclusive';
            errors.push(fieldErrors.invalid(`${itemPath}.subPathExpr`, subPathExpr, detail));
        }
        errors.push(...localDescendingPath(subPathExpr, `${path}.subPathExpr`));
    }
    return errors;
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

function validatePropagation(
    { mountPropagation }: V1VolumeMount,
    path: string,
    container: V1Container,
): FieldError[] {
    if (mountPropagation === undefined) return [];
    if (!propagations.includes(mountPropagation)) {
        return [fieldErrors.notSupported(path, mountPropagation, propagations)];
    }
    return mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true
        ? [
              fieldErrors.forbidden(
                  path,
                  'Bidirectional mount propagation is available only to privileged containers',
              ),
          ]
        : [];
}

const recursiveReadOnlyModes = ['Disabled', 'Enabled', 'IfPossible'];

function validateRecursiveReadOnly(mount: V1VolumeMount, path: string): FieldError[] {
    const { recursiveReadOnly: mode, mountPropagation } = mount;
    if (mode === undefined) return [];
    if (!recursiveReadOnlyModes.includes(mode)) {
        return [fieldErrors.notSupported(path, mode, recursiveReadOnlyModes)];
    }
    if (mode === 'Disabled') return [];
    const errors: FieldError[] = [];
    if (mount.readOnly !== true) {
        errors.push(
            fieldErrors.forbidden(path, `may only be specified when \`readOnly\` is true, got \`${mode}\``),
        );
    }
    if (mountPropagation !== undefined && mountPropagation !== 'None') {
        const detail = 'may only be specified when `mountPropagation` is None or not specified';
        errors.push(fieldErrors.forbidden(path, detail));
    }
    return errors;
}

export function validateVolumeDevices(
    container: V1Container,
    path: string,
    volumes: VolumesByName,
): FieldError[] {
    const mounts = items(container.volumeMounts);
    const names = new Set<string>();
    const paths = new Set<string>();
    return each(container.volumeDevices, path, ({ name, devicePath }, itemPath) => {
        const errors: FieldError[] = [];
        const invalidName = (detail: string) => fieldErrors.invalid(`${itemPath}.name`, name, detail);
        const invalidPath = (detail: string) =>
            fieldErrors.invalid(`${itemPath}.devicePath`, devicePath, detail);
        const volume = volumes.get(name);
        if (isBlank(name)) errors.push(fieldErrors.required(`${itemPath}.name`));
        if (names.has(name)) errors.push(invalidName('must be unique'));
        if (volume === undefined) errors.push(fieldErrors.notFound(`${itemPath}.name`, name));
        else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
            errors.push(
                invalidName(
                    'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
                ),
            );
        }
        if (isBlank(devicePath)) errors.push(fieldErrors.required(`${itemPath}.devicePath`));
        else if (noBacksteps(devicePath, path).length > 0) {
            errors.push(invalidPath("can not contain backsteps ('..')"));
        }
        if (paths.has(devicePath)) errors.push(invalidPath('must be unique'));
        if (mounts.some((mount) => mount.name === name)) {
            errors.push(invalidName('must not already exist in volumeMounts'));
        }
        if (mounts.some((mount) => mount.mountPath === devicePath)) {
            errors.push(invalidPath('must not already exist as a path in volumeMounts'));
        }
        names.add(name);
        paths.add(devicePath);
        return errors;
    });
}
