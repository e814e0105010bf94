import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import { dnsLabel, isBlank } from '../../validation/basic.ts';

/** What names a volume of StorageOS, in pods and in PersistentVolumes alike. */
export function validateStorageOsVolume(
    {
        volumeName,
        volumeNamespace,
    }: { volumeName?: string | undefined; volumeNamespace?: string | undefined },
    path: string,
): FieldError[] {
    return [
        ...(isBlank(volumeName)
            ? [fieldErrors.required(`${path}.volumeName`)]
            : dnsLabel(volumeName, `${path}.volumeName`)),
        ...(isBlank(volumeNamespace) ? [] : dnsLabel(volumeNamespace, `${path}.volumeNamespace`)),
    ];
}
