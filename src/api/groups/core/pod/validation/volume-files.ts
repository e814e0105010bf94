import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1DownwardAPIVolumeFile, V1KeyToPath } from '../../../../meta/object.ts';
import type { Incomplete } from '../../../incomplete.ts';
import { localNonReservedPath, required } from '../../../validation/basic.ts';
import { validateFieldRef, validateResourceFieldRef, volumeFieldPaths } from './env.ts';

const modeMax = 0o777;

/** Permission bits of a file. */
export function validateMode(mode: number | undefined, path: string): FieldError[] {
    return mode === undefined || (mode >= 0 && mode <= modeMax)
        ? []
        : [fieldErrors.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** One file made of one key of a ConfigMap or Secret. */
export function validateKeyFile(
    { key, path: file, mode }: Incomplete<V1KeyToPath>,
    path: string,
): FieldError[] {
    return [
        ...required(key, `${path}.key`),
        ...required(file, `${path}.path`),
        ...localNonReservedPath(file ?? '', `${path}.path`),
        ...validateMode(mode, `${path}.mode`),
    ];
}

/** One file made of a field of the pod. */
export function validateDownwardFile(file: Incomplete<V1DownwardAPIVolumeFile>, path: string): FieldError[] {
    return [
        ...required(file.path, `${path}.path`),
        ...localNonReservedPath(file.path ?? '', `${path}.path`),
        ...validateContent(file as V1DownwardAPIVolumeFile, path),
        ...validateMode(file.mode, `${path}.mode`),
    ];
}

function validateContent(
    { fieldRef, resourceFieldRef }: V1DownwardAPIVolumeFile,
    path: string,
): FieldError[] {
    if (fieldRef !== undefined) {
        const errors = validateFieldRef(fieldRef, `${path}.fieldRef`, volumeFieldPaths);
        if (resourceFieldRef === undefined) return errors;
        const detail = 'fieldRef and resourceFieldRef can not be specified simultaneously';
        return [...errors, fieldErrors.invalid(path, 'resource', detail)];
    }
    return resourceFieldRef === undefined
        ? [fieldErrors.required(path, 'one of fieldRef and resourceFieldRef is required')]
        : validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, { needsContainer: true });
}
