import { statusErrors } from '../../../api/meta/status-error.ts';
import { parseRequestInfo } from '../request-info.ts';
import type { Middleware } from '../request.ts';

/** Reads from method and URL what the request is about. */
export function requestInfo(): Middleware {
    return async (request, next) => {
        try {
            request.info = parseRequestInfo(request.method, request.path, request.query);
        } catch (error) {
            throw statusErrors.badRequest('the path of the request is not valid percent-encoding', {
                cause: error,
            });
        }
        return await next();
    };
}
