import { statusErrors } from '../../../api/meta/status-error.ts';
import { parseGoDuration } from '../../../util/duration-text.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import type { ApiResult, Middleware } from '../request.ts';

/** --request-timeout of upstream. */
export const requestTimeoutMs = 60_000;

/** 504 when a request that is not long-running takes longer than this, or than its own `timeout`. */
export function timeOut(longRunning: LongRunningCheck, maxMs = requestTimeoutMs): Middleware {
    return async (request, next) => {
        if (isLongRunning(request, longRunning)) return await next();
        const limitMs = Math.min(maxMs, parseDurationMs(request.query.get('timeout')) ?? maxMs);
        let timer: NodeJS.Timeout | undefined;
        const expiry = new Promise<ApiResult>((_resolve, reject) => {
            timer = setTimeout(() => {
                request.isTerminated = true;
                reject(statusErrors.timeout('request did not complete within the allotted timeout'));
            }, limitMs);
        });
        try {
            return await Promise.race([next(), expiry]);
        } finally {
            clearTimeout(timer);
        }
    };
}

/** Of a text that is no duration, as much as is told. */
const shownCharsMax = 64;

/** As Go's time.ParseDuration: "30s", "1m0s", ".5h". Undefined for none, and for those that bound nothing. */
function parseDurationMs(text: string | null): number | undefined {
    if (text === null || text === '') return undefined;
    const ms = parseGoDuration(text);
    if (ms === undefined)
        throw invalidTimeout(text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}...` : text);
    return ms > 0 ? ms : undefined;
}

function invalidTimeout(text: string): Error {
    const isNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(text);
    const quoted = JSON.stringify(text);
    const why = isNumber ? `missing unit in duration ${quoted}` : `invalid duration ${quoted}`;
    return statusErrors.badRequest(`invalid timeout specified in the request URL - time: ${why}`);
}
