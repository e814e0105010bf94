import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isCIdentifier, isDns1123Subdomain } from '../../meta/names.ts';
import { dnsSubdomain, formatErrors, isBlank } from '../validation/basic.ts';
import { limits } from './limits.ts';

const bytes = (text: string): number => Buffer.byteLength(text);

export function tooLong(text: string, path: string, max: number): FieldError[] {
    return bytes(text) > max ? [fieldErrors.tooLong(path, max)] : [];
}

/** A driver's name: a DNS subdomain of 63 bytes at most, in whatever case. */
export function driverName(value: string | undefined, path: string): FieldError[] {
    if (value === undefined || value === '') return [fieldErrors.required(path)];
    return [
        ...tooLong(value, path, limits.driverNameBytesMax),
        ...formatErrors(value, path, isDns1123Subdomain(value.toLowerCase())),
    ];
}

/** DNS subdomains with slashes between them. */
export function poolName(value: string | undefined, path: string): FieldError[] {
    if (value === undefined || value === '') return [fieldErrors.required(path)];
    return [
        ...tooLong(value, path, limits.poolNameBytesMax),
        ...value.split('/').flatMap((part) => dnsSubdomain(part, path)),
    ];
}

export function deviceClassName(value: string | undefined, path: string): FieldError[] {
    return isBlank(value) ? [fieldErrors.required(path)] : dnsSubdomain(value, path);
}

/** "name" or "domain/name": of an attribute or a capacity. */
export function attributeName(value: string, path: string): FieldError[] {
    const parts = value.split('/');
    const [first = '', second = ''] = parts;
    if (parts.length === 1) return identifier(first, path);
    if (parts.length > 2) return [fieldErrors.invalid(path, value, 'must not contain more than one slash')];
    return [
        ...(first === ''
            ? [fieldErrors.invalid(path, '', 'the domain must not be empty')]
            : driverName(first, path)),
        ...(second === ''
            ? [fieldErrors.invalid(path, '', 'the name must not be empty')]
            : identifier(second, path)),
    ];
}

/** An attribute's name with its domain, as constraints use it. */
export function fullAttributeName(value: string, path: string): FieldError[] {
    const errors = attributeName(value, path);
    if (value.includes('/')) return errors;
    const detail = 'a fully qualified name must be a domain and a name separated by a slash';
    return [...errors, fieldErrors.invalid(path, value, detail)];
}

function identifier(value: string, path: string): FieldError[] {
    return [
        ...tooLong(value, path, limits.identifierBytesMax),
        ...formatErrors(value, path, isCIdentifier(value)),
    ];
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID as RFC 4122 writes it, in lower case. */
export function shareId(value: string, path: string): FieldError[] {
    if (uuid.test(value)) return [];
    const normal =
        'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
    const loose = value
        .toLowerCase()
        .replace(/^urn:uuid:/, '')
        .replace(/^\{(.*)\}$/, '$1');
    if (uuid.test(loose) || /^[0-9a-f]{32}$/.test(loose)) return [fieldErrors.invalid(path, value, normal)];
    const why = [32, 36, 38, 45].includes(bytes(value))
        ? 'invalid UUID format'
        : `invalid UUID length: ${bytes(value)}`;
    return [fieldErrors.invalid(path, value, `error validating uid: ${why}`)];
}

/** An object of JSON that somebody else reads. */
export function opaqueObject(
    value: unknown,
    path: string,
    { bytesMax, isStored }: { bytesMax: number; isStored: boolean },
): FieldError[] {
    if (value === undefined || value === null) return [fieldErrors.required(path)];
    if (!isStored && bytes(JSON.stringify(value)) > bytesMax) return [fieldErrors.tooLong(path, bytesMax)];
    return typeof value === 'object' && !Array.isArray(value)
        ? []
        : [fieldErrors.invalid(path, '<value omitted>', 'must be a valid JSON object')];
}
