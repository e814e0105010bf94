import { statusErrors } from '../../../api/meta/status-error.ts';
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

/** Go durations of the forms that clients send: "30s", "1m0s", "500ms". */
function parseDurationMs(text: string | null): number | undefined {
    if (text === null || text === '' || text === '0s' || text === '0') return undefined;
    const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) {
        throw statusErrors.badRequest(
            `invalid timeout specified in the request URL: time: invalid duration ${JSON.stringify(text)}`,
        );
    }
    let totalMs = 0;
    for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
        totalMs += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
    }
    return totalMs;
}
