import { StatusError, statusErrors } from '../../api/meta/status-error.ts';
import type { Logger } from '../../util/logger.ts';
import { fromStoreError } from './registry/store-errors.ts';

/** What a client is told about anything that was thrown; what is not a StatusError is logged as a bug. */
export function statusErrorOf(
    thrown: unknown,
    request: { method: string; path: string; auditId: string },
    logger: Logger,
): StatusError {
    const error = fromStoreError(thrown);
    if (error instanceof StatusError) return error;
    const { method, path, auditId } = request;
    logger.error({ err: thrown, method, path, auditId }, 'request failed unexpectedly');
    return statusErrors.internal(thrown);
}
