import { statusErrors } from '../../../api/meta/status-error.ts';
import { parseRequestInfo } from '../request-info.ts';
import type { Middleware } from '../request.ts';

/** Reads from method and URL what the request is about. */
export function requestInfo(): Middleware {
    return async (request, next) => {
        if (request.path === '') throw statusErrors.badRequest('the path of the request is not valid');
        request.info = parseRequestInfo(request.method, request.path, request.query);
        return await next();
    };
}
