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

const unitsMs: Readonly<Record<string, number>> = {
    h: 3_600_000,
    m: 60_000,
    s: 1000,
    ms: 1,
    us: 1e-3,
    µs: 1e-3,
    ns: 1e-6,
};
/** Longer ones are no durations that anybody means. */
const durationCharsMax = 64;

/** As Go's time.ParseDuration: "30s", "1m0s", ".5h". Undefined for none, and for those that bound nothing. */
function parseDurationMs(text: string | null): number | undefined {
    if (text === null || text === '') return undefined;
    // Before it is looked at: the expressions below take the square of its length.
    if (text.length > durationCharsMax) throw invalidTimeout(`${text.slice(0, durationCharsMax)}...`);
    const unsigned = text.replace(/^[-+]/, '');
    if (unsigned === '0') return undefined;
    const isDuration = /^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|ns))+$/.test(unsigned);
    if (!isDuration) throw invalidTimeout(text);
    let totalMs = 0;
    for (const [, amount, unit] of unsigned.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)) {
        totalMs += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
    }
    return text.startsWith('-') || totalMs === 0 ? undefined : totalMs;
}

function invalidTimeout(text: string): Error {
    const isNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(text);
    const quoted = JSON.stringify(text);
    const why = isNumber ? `missing unit in duration ${quoted}` : `invalid duration ${quoted}`;
    return statusErrors.badRequest(`invalid timeout specified in the request URL - time: ${why}`);
}
