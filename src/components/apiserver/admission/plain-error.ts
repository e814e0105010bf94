import { StatusError } from '../../../api/meta/status-error.ts';

/** The 500 answer that upstream gives where a plugin's error is no answer of the API. */
export function plainError(message: string): StatusError {
    return new StatusError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        code: 500,
    });
}
