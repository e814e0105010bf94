import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isBlank, qualifiedName } from '../validation/basic.ts';

const parametersMax = 512;
const parametersBytesMax = 256 * 1024;

/** Bytes of all keys and values. */
export function mapBytes(map: Readonly<Record<string, string>> | undefined): number {
    return Object.entries(map ?? {}).reduce(
        (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
        0,
    );
}

/** What a class hands to its driver: not too much of it. */
export function validateParameters(parameters: Record<string, string> | undefined): FieldError[] {
    const path = 'parameters';
    const keys = Object.keys(parameters ?? {});
    if (keys.length > parametersMax) return [fieldErrors.tooLong(path, parametersMax)];
    const errors = keys.includes('') ? [fieldErrors.invalid(path, '', 'field can not be empty.')] : [];
    return mapBytes(parameters) > parametersBytesMax
        ? [...errors, fieldErrors.tooLong(path, parametersBytesMax)]
        : errors;
}

/** Name of a driver: qualified, and in capitals if it likes. */
export function validateProvisioner(name: string | undefined, path: string): FieldError[] {
    return isBlank(name) ? [fieldErrors.required(path)] : qualifiedName((name ?? '').toLowerCase(), path);
}
