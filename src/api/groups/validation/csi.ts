import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { Incomplete } from '../incomplete.ts';
import type { V1SecretReference } from '../../meta/object.ts';
import { isDns1123Subdomain } from '../../meta/names.ts';
import { dnsLabel, formatErrors, isBlank, objectName, required } from './basic.ts';

/** Characters of a driver's name: it becomes a label. */
const driverNameCharactersMax = 63;

/** Name of a CSI driver: a domain, in capitals if it likes (core/validation ValidateCSIDriverName). */
export function csiDriverName(name: string | undefined, path: string): FieldError[] {
    const text = name ?? '';
    return [
        ...required(name, path),
        ...(text.length > driverNameCharactersMax
            ? [fieldErrors.tooLong(path, driverNameCharactersMax)]
            : []),
        ...formatErrors(text, path, isDns1123Subdomain(text.toLowerCase())),
    ];
}

/** A Secret anywhere in the cluster, which objects without a namespace refer to. */
export function secretReference(
    reference: Incomplete<V1SecretReference> | undefined,
    path: string,
): FieldError[] {
    if (reference === undefined) return [];
    const { name, namespace } = reference;
    return [
        ...objectName(name, `${path}.name`),
        ...(isBlank(namespace)
            ? [fieldErrors.required(`${path}.namespace`)]
            : dnsLabel(namespace, `${path}.namespace`)),
    ];
}
