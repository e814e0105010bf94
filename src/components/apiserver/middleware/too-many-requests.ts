import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from '../request.ts';

const message = 'Too many requests, please try again later.';

/** 429: over HTTP a plain line as upstream writes it; a Status inside the process and for upgrades. */
export function tooManyRequests(request: ApiRequest, retryAfterSeconds: number): ApiResult {
    request.isTerminated = true;
    const { origin } = request;
    if (origin.type === 'inProcess' || origin.response === undefined) {
        throw statusErrors.tooManyRequests(message, retryAfterSeconds);
    }
    return {
        type: 'bytes',
        status: 429,
        contentType: 'text/plain; charset=utf-8',
        body: Buffer.from(`${message}\n`),
        headers: { 'Retry-After': String(retryAfterSeconds) },
    };
}
