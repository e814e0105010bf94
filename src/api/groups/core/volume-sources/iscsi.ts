import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { V1ISCSIPersistentVolumeSource, V1ISCSIVolumeSource } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { inRange, required } from '../../validation/basic.ts';

const lunRange = { low: 0, high: 255 };
/** Characters of "<volume>:<portal>", which names the interface that is made for an initiator. */
const interfaceCharactersMax = 64;
const tooLongMessage =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
/** RFC 3720 allows 223 bytes; anything much longer is not looked at. */
const qualifiedNameCharactersMax = 4096;

const nameFormats = [
    ['iqn', /iqn\.\d{4}-\d{2}\.[-A-Za-z0-9.]+:[^,;*&$|\t\n\f\r ]+$/],
    ['eui', /^eui.[A-Za-z0-9]{16}$/],
    ['naa', /^naa.[A-Za-z0-9]{32}$/],
] as const;

interface NameMessages {
    /** Where the name is of none of the three kinds. */
    unknownKind: string;
}

function validateName(name: string, path: string, { unknownKind }: NameMessages): FieldError[] {
    const format = nameFormats.find(([kind]) => name.startsWith(kind));
    if (format === undefined) return [fieldErrors.invalid(path, name, unknownKind)];
    return name.length <= qualifiedNameCharactersMax && format[1].test(name)
        ? []
        : [fieldErrors.invalid(path, name, 'must be valid format')];
}

type Source = Incomplete<V1ISCSIVolumeSource> | Incomplete<V1ISCSIPersistentVolumeSource>;

function validateTarget(source: Source, path: string, messages: NameMessages): FieldError[] {
    const { iqn, lun, initiatorName, chapAuthDiscovery, chapAuthSession, secretRef } = source;
    const errors = required(iqn, `${path}.iqn`);
    if (iqn) errors.push(...validateName(iqn, `${path}.iqn`, messages));
    errors.push(...inRange(lun, `${path}.lun`, lunRange));
    if ((chapAuthDiscovery === true || chapAuthSession === true) && secretRef === undefined) {
        errors.push(fieldErrors.required(`${path}.secretRef`));
    }
    if (initiatorName !== undefined) {
        errors.push(...validateName(initiatorName, `${path}.initiatorname`, messages));
    }
    return errors;
}

function isTooLong({ initiatorName, targetPortal }: Source, volumeName: string | undefined): boolean {
    const length = `${volumeName ?? ''}:${targetPortal ?? ''}`.length;
    return initiatorName !== undefined && length > interfaceCharactersMax;
}

/** iSCSI in a pod. `volumePath` is the volume's path, below which upstream reports a name that is too long. */
export function validateIscsi(
    source: Incomplete<V1ISCSIVolumeSource>,
    path: string,
    { volumeName, volumePath }: { volumeName: string | undefined; volumePath: string },
): FieldError[] {
    const unknownKind = 'must be valid format starting with iqn, eui, or naa';
    return [
        ...required(source.targetPortal, `${path}.targetPortal`),
        ...validateTarget(source, path, { unknownKind }),
        ...(isTooLong(source, volumeName)
            ? [fieldErrors.invalid(`${volumePath}.name`, volumeName ?? '', tooLongMessage)]
            : []),
    ];
}

/** iSCSI of a PersistentVolume of that name. */
export function validatePersistentIscsi(
    source: Incomplete<V1ISCSIPersistentVolumeSource>,
    path: string,
    volumeName: string | undefined,
): FieldError[] {
    const { targetPortal, secretRef } = source;
    return [
        ...required(targetPortal, `${path}.targetPortal`),
        ...(isTooLong(source, volumeName)
            ? [fieldErrors.invalid(`${path}.targetportal`, targetPortal ?? '', tooLongMessage)]
            : []),
        ...validateTarget(source, path, { unknownKind: 'must be valid format' }),
        ...(secretRef === undefined ? [] : required(secretRef.name, `${path}.secretRef.name`)),
    ];
}
