import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1AzureDiskVolumeSource } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { optionalOneOf, required } from '../../validation/basic.ts';

const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
const kinds = ['Dedicated', 'Managed', 'Shared'];
const managedDisk =
    '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

/** A managed disk has a resource's path, a disk of an account the address of its blob. */
function validateAddress(kind: string | undefined, address: string, path: string): FieldError[] {
    if (kind === undefined) return [];
    const [prefix, shape] =
        kind === 'Managed' ? ['/subscriptions/', managedDisk] : (['https://', blobDisk] as const);
    return address.startsWith(prefix) ? [] : [fieldErrors.notSupported(path, address, [shape])];
}

export function validateAzureDisk(source: Incomplete<V1AzureDiskVolumeSource>, path: string): FieldError[] {
    const { diskName, diskURI, cachingMode, kind } = source;
    return [
        ...required(diskName, `${path}.diskName`),
        ...required(diskURI, `${path}.diskURI`),
        ...optionalOneOf(cachingMode, `${path}.cachingMode`, cachingModes),
        ...optionalOneOf(kind, `${path}.kind`, kinds),
        ...validateAddress(kind, diskURI ?? '', `${path}.diskURI`),
    ];
}
