import type { KeyPair } from '../../../src/pki/authority.ts';

/** Who sends a request: the administrator unless a row says otherwise. */
export interface Sender {
    certificate?: KeyPair;
    headers?: Record<string, string>;
}

/** What a Status must say. A text is compared whole, a pattern is searched for. */
export interface Refusal {
    code: number;
    reason: string;
    message?: string | RegExp;
    /** "FieldValueInvalid spec.replicas", in order. */
    causes?: readonly string[];
    /** Fields of `details`, besides the causes. */
    details?: Readonly<Record<string, unknown>>;
    /** Headers of the answer. */
    headers?: Readonly<Record<string, string | RegExp>>;
}

/** One request that must be refused, and with what. */
export interface WrongRequest {
    /** What is wrong with it. */
    name: string;
    method: string;
    /** As it goes over the wire: path and query. */
    path: string;
    headers?: Readonly<Record<string, string>>;
    /** Objects go as JSON. */
    body?: object | string | Buffer;
    /** The body gets the resourceVersion that the object has: some kinds want one. */
    isVersioned?: boolean;
    as?: string;
    expect: Refusal;
    /** What must be the same afterwards; default: what a GET of the path answers. Null: nothing is compared. */
    unchanged?: string | null;
}

/** The whole message of a Status for one field or several: `fields` are "spec.replicas: Invalid value: -1: …". */
export function invalid(kind: string, name: string, ...fields: string[]): Refusal {
    const list = fields.length === 1 ? fields[0]! : `[${[...new Set(fields)].join(', ')}]`;
    return {
        code: 422,
        reason: 'Invalid',
        message: `${kind} "${name}" is invalid: ${list}`,
        causes: fields.map(causeOf),
    };
}

const titles: Readonly<Record<string, string>> = {
    'Required value': 'FieldValueRequired',
    'Invalid value': 'FieldValueInvalid',
    'Unsupported value': 'FieldValueNotSupported',
    Forbidden: 'FieldValueForbidden',
    'Duplicate value': 'FieldValueDuplicate',
    'Not found': 'FieldValueNotFound',
    'Too long': 'FieldValueTooLong',
    'Too many': 'FieldValueTooMany',
};

/** "FieldValueInvalid spec.replicas" of "spec.replicas: Invalid value: -1: …". */
export function causeOf(field: string): string {
    const colon = field.indexOf(': ');
    const title = /^[A-Z][a-z]+(?: [a-z]+)?/.exec(field.slice(colon + 2))?.[0] ?? '';
    return `${titles[title] ?? title} ${field.slice(0, colon)}`;
}

export const badRequest = (message: string | RegExp): Refusal => ({
    code: 400,
    reason: 'BadRequest',
    message,
});
export const notFound = (
    message: string | RegExp = 'the server could not find the requested resource',
): Refusal => ({
    code: 404,
    reason: 'NotFound',
    message,
});
export const conflict = (message: string | RegExp): Refusal => ({ code: 409, reason: 'Conflict', message });
export const notAllowed = (message: string | RegExp): Refusal => ({
    code: 405,
    reason: 'MethodNotAllowed',
    message,
});
export const notAcceptable = (message: string | RegExp): Refusal => ({
    code: 406,
    reason: 'NotAcceptable',
    message,
});
export const unsupportedMediaType = (message: string | RegExp): Refusal => ({
    code: 415,
    reason: 'UnsupportedMediaType',
    message,
});
export const unauthorized: Refusal = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' };
export const forbidden = (message: string | RegExp): Refusal => ({ code: 403, reason: 'Forbidden', message });
export const tooLarge = (message: string | RegExp): Refusal => ({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message,
});
