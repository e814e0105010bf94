import type { V1Status, V1StatusCause, V1StatusDetails } from '../schema/generated/types.ts';
import { type FieldError, fieldErrorCause, formatFieldError } from './field-error.ts';

/** HTTP code of every reason a Status can give (k8s.io/apimachinery meta/v1/types.go, StatusReason). */
export const statusReasonCodes = {
    '': 500,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Conflict: 409,
    Gone: 410,
    Expired: 410,
    Invalid: 422,
    ServerTimeout: 500,
    StoreReadError: 500,
    Timeout: 504,
    TooManyRequests: 429,
    BadRequest: 400,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    RequestEntityTooLarge: 413,
    UnsupportedMediaType: 415,
    InternalError: 500,
    ServiceUnavailable: 503,
} as const;
export type StatusReason = keyof typeof statusReasonCodes;

/**
 * The one error type of the API: thrown by the server's code, and by the client when a server answers
 * with a failure. Clients branch on `reason`, `code` and `details.causes`.
 */
export class StatusError extends Error {
    override readonly name = 'StatusError';
    readonly status: V1Status & { code: number; message: string };

    constructor(status: V1Status & { code: number }, options?: ErrorOptions) {
        super(status.message ?? status.reason ?? 'unknown failure', options);
        this.status = {
            ...status,
            message: this.message,
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Failure',
        };
    }

    get reason(): StatusReason {
        return (this.status.reason ?? '') as StatusReason;
    }

    get code(): number {
        return this.status.code;
    }
}

/** What an error is about. `resource` is the plural; a `Kind` is only used by `invalid`. */
export interface ErrorSubject {
    group?: string | undefined;
    resource?: string | undefined;
    name?: string | undefined;
}

const qualified = ({ group, resource }: ErrorSubject): string =>
    group ? `${resource ?? ''}.${group}` : (resource ?? '');

function details(subject: ErrorSubject, extra: Partial<V1StatusDetails> = {}): V1StatusDetails {
    return {
        ...(subject.name ? { name: subject.name } : {}),
        ...(subject.group ? { group: subject.group } : {}),
        ...(subject.resource ? { kind: subject.resource } : {}),
        ...extra,
    };
}

function make(
    reason: Exclude<StatusReason, ''>,
    message: string,
    about: V1StatusDetails | undefined,
    options?: ErrorOptions,
): StatusError {
    const status = {
        reason,
        message,
        code: statusReasonCodes[reason],
        ...(about === undefined ? {} : { details: about }),
    };
    return new StatusError(status, options);
}

/** One function per way a request fails, in upstream's words (k8s.io/apimachinery api/errors). */
export const statusErrors = {
    notFound: (subject: ErrorSubject) =>
        make('NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, details(subject)),
    /** The path itself is unknown, as opposed to an object. */
    pathNotFound: () => make('NotFound', 'the server could not find the requested resource', {}),
    alreadyExists: (subject: ErrorSubject) =>
        make(
            'AlreadyExists',
            `${qualified(subject)} "${subject.name ?? ''}" already exists`,
            details(subject),
        ),
    generateNameConflict: (subject: ErrorSubject) =>
        make(
            'AlreadyExists',
            `${qualified(subject)} "${subject.name ?? ''}" already exists, the server was not able to generate a unique name for the object`,
            details(subject, { retryAfterSeconds: 1 }),
        ),
    unauthorized: (message = 'Unauthorized') => make('Unauthorized', message, undefined),
    forbidden: (subject: ErrorSubject, why: string) =>
        make(
            'Forbidden',
            subject.name
                ? `${qualified(subject)} "${subject.name}" is forbidden: ${why}`
                : subject.resource
                  ? `${qualified(subject)} is forbidden: ${why}`
                  : `forbidden: ${why}`,
            details(subject),
        ),
    conflict: (subject: ErrorSubject, why = modifiedMessage) =>
        make(
            'Conflict',
            `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`,
            details(subject),
        ),
    invalid: (kind: string, group: string, name: string, errors: readonly FieldError[]) => {
        const texts = [...new Set(errors.map(formatFieldError))];
        const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
        return make('Invalid', `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${list}`, {
            ...(name ? { name } : {}),
            ...(group ? { group } : {}),
            kind,
            causes: errors.map(fieldErrorCause),
        });
    },
    /** A patch that cannot be applied to the object. Upstream keeps the reason to itself; it is the cause. */
    patchRejected: (cause: unknown) =>
        make('Invalid', 'the server rejected our request due to an error in our request', {}, { cause }),
    badRequest: (message: string, options?: ErrorOptions) => make('BadRequest', message, undefined, options),
    gone: (message: string) => make('Gone', message, undefined),
    expired: (message: string) => make('Expired', message, undefined),
    methodNotAllowed: () =>
        make('MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
    notAcceptable: (message: string) => make('NotAcceptable', message, undefined),
    unsupportedMediaType: (message: string) => make('UnsupportedMediaType', message, undefined),
    requestEntityTooLarge: (message: string) =>
        make('RequestEntityTooLarge', `Request entity too large: ${message}`, undefined),
    tooManyRequests: (message: string, retryAfterSeconds: number, causes: V1StatusCause[] = []) =>
        make('TooManyRequests', message, { retryAfterSeconds, ...(causes.length === 0 ? {} : { causes }) }),
    timeout: (message: string, retryAfterSeconds = 0, causes: V1StatusCause[] = []) =>
        make('Timeout', `Timeout: ${message}`, {
            ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
            ...(causes.length === 0 ? {} : { causes }),
        }),
    serverTimeout: (subject: ErrorSubject, action: string, retryAfterSeconds: number) =>
        make(
            'ServerTimeout',
            `The ${action} operation against ${qualified(subject)} could not be completed at this time, please try again.`,
            details(subject, { retryAfterSeconds }),
        ),
    serviceUnavailable: (message: string) => make('ServiceUnavailable', message, undefined),
    internal: (cause: unknown) => {
        const text = cause instanceof Error ? cause.message : String(cause);
        return make(
            'InternalError',
            `Internal error occurred: ${text}`,
            { causes: [{ message: text }] },
            { cause },
        );
    },
};

const modifiedMessage =
    'the object has been modified; please apply your changes to the latest version and try again';

/** True for a StatusError with this reason: `isReason(error, 'NotFound')`. */
export function isReason(error: unknown, reason: StatusReason): error is StatusError {
    return error instanceof StatusError && error.reason === reason;
}
