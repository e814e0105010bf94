import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1123Label, isDns1123Subdomain, isPortName, isQualifiedName } from '../../meta/names.ts';
import type { IntOrString } from '../../meta/object.ts';

/**
 * Checks take a value and its path, and return what is wrong. Values may be missing even where the
 * generated types say otherwise: a request is decoded without knowing what is required.
 */
export type Check<T> = (value: T | undefined, path: string) => FieldError[];

export const immutableMessage = 'field is immutable';
export const nonNegativeMessage = 'must be greater than or equal to 0';
export const portNumMax = 65_535;
export const int32Max = 2_147_483_647;

export function inclusiveRange(low: number, high: number): string {
    return `must be between ${low} and ${high}, inclusive`;
}

/** The list, or an empty one where a request left it out. */
export function items<T>(list: readonly T[] | undefined): readonly T[] {
    return list ?? [];
}

export function isSet(value: unknown): boolean {
    return value !== undefined && value !== null;
}

export function isBlank(text: string | undefined): boolean {
    return text === undefined || text === '';
}

export function required(value: string | undefined, path: string): FieldError[] {
    return isBlank(value) ? [fieldErrors.required(path)] : [];
}

export function nonNegative(value: number | undefined, path: string): FieldError[] {
    return value !== undefined && value < 0 ? [fieldErrors.invalid(path, value, nonNegativeMessage)] : [];
}

export function inRange(
    value: number | undefined,
    path: string,
    { low, high }: { low: number; high: number },
): FieldError[] {
    if (value === undefined || (value >= low && value <= high)) return [];
    return [fieldErrors.invalid(path, value, inclusiveRange(low, high))];
}

/** One of the supported words; missing is "Required value". */
export function oneOf(value: string | undefined, path: string, supported: readonly string[]): FieldError[] {
    if (value === undefined || value === '') return [fieldErrors.required(path)];
    return supported.includes(value) ? [] : [fieldErrors.notSupported(path, value, supported)];
}

/** One of the supported words, or nothing at all. */
export function optionalOneOf(
    value: string | undefined,
    path: string,
    supported: readonly string[],
): FieldError[] {
    return value === undefined || supported.includes(value)
        ? []
        : [fieldErrors.notSupported(path, value, supported)];
}

/** Turns a format's messages into errors about `path`. */
export function formatErrors(value: unknown, path: string, messages: readonly string[]): FieldError[] {
    return messages.map((message) => fieldErrors.invalid(path, value, message));
}

export function dnsSubdomain(value: string | undefined, path: string): FieldError[] {
    return formatErrors(value ?? '', path, isDns1123Subdomain(value ?? ''));
}

export function dnsLabel(value: string | undefined, path: string): FieldError[] {
    return formatErrors(value ?? '', path, isDns1123Label(value ?? ''));
}

export function qualifiedName(value: string | undefined, path: string): FieldError[] {
    return formatErrors(value ?? '', path, isQualifiedName(value ?? ''));
}

/** A name that must be there and be a DNS subdomain: of a Secret, ConfigMap, claim, … */
export function objectName(value: string | undefined, path: string): FieldError[] {
    return isBlank(value) ? [fieldErrors.required(path)] : dnsSubdomain(value, path);
}

const httpPathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPath = new RegExp(`^${httpPathFormat}$`);

/** "example.com/controller": who is in charge of something. */
export function domainPrefixedPath(value: string, path: string): FieldError[] {
    if (value === '') return [fieldErrors.required(path)];
    const slash = value.indexOf('/');
    if (slash <= 0 || slash === value.length - 1) {
        const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
        return [fieldErrors.invalid(path, value, detail)];
    }
    const errors = dnsSubdomain(value.slice(0, slash), path);
    const rest = value.slice(slash + 1);
    if (httpPath.test(rest)) return errors;
    const detail = `Invalid path (regex used for validation is '${httpPathFormat}')`;
    return [...errors, fieldErrors.invalid(path, rest, detail)];
}

export function portNumber(value: number | undefined, path: string): FieldError[] {
    const port = value ?? 0;
    return port >= 1 && port <= portNumMax
        ? []
        : [fieldErrors.invalid(path, port, inclusiveRange(1, portNumMax))];
}

/** A port's number, or the name of a container's port. */
export function portNumberOrName(value: IntOrString | undefined, path: string): FieldError[] {
    return typeof value === 'string' ? formatErrors(value, path, isPortName(value)) : portNumber(value, path);
}

export function immutable(value: unknown, old: unknown, path: string): FieldError[] {
    return semanticEqual(value, old) ? [] : [fieldErrors.invalid(path, value, immutableMessage)];
}

/** As `immutable`, with a sentence of its own. */
export function semanticImmutable(value: unknown, old: unknown, path: string, detail: string): FieldError[] {
    return semanticEqual(value, old) ? [] : [fieldErrors.invalid(path, value, detail)];
}

/** Runs `check` on every item with its indexed path. */
export function each<T>(
    list: readonly T[] | undefined,
    path: string,
    check: (item: T, path: string, index: number) => FieldError[],
): FieldError[] {
    if (list === undefined || list.length === 0) return [];
    return list.flatMap((item, index) => check(item, `${path}[${index}]`, index));
}

/** "Duplicate value" for every item whose key an earlier one already has; items without a key are left out. */
export function duplicates<T>(
    list: readonly T[] | undefined,
    keyOf: (item: T) => string | undefined,
    pathOf: (index: number) => string,
): FieldError[] {
    const seen = new Set<string>();
    const errors: FieldError[] = [];
    items(list).forEach((item, index) => {
        const key = keyOf(item);
        if (key === undefined || key === '') return;
        if (seen.has(key)) errors.push(fieldErrors.duplicate(pathOf(index), key));
        seen.add(key);
    });
    return errors;
}

/** A path below that must stay inside its volume: relative, and without "..". */
export function localDescendingPath(value: string, path: string): FieldError[] {
    const errors = value.startsWith('/') ? [fieldErrors.invalid(path, value, 'must be a relative path')] : [];
    return [...errors, ...noBacksteps(value, path)];
}

export function noBacksteps(value: string, path: string): FieldError[] {
    return value.split('/').includes('..') ? [fieldErrors.invalid(path, value, "must not contain '..'")] : [];
}

/** As `localDescendingPath`, and its first segment may not begin with "..": those names are the kubelet's. */
export function localNonReservedPath(value: string, path: string): FieldError[] {
    const errors = localDescendingPath(value, path);
    return value.startsWith('..') && !value.startsWith('../')
        ? [...errors, fieldErrors.invalid(path, value, "must not start with '..'")]
        : errors;
}
