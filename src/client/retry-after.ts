/** A server cannot make us wait longer than this for one repeat. */
const retryAfterMaxMs = 30_000;

/**
 * How long to wait before a request is sent again, undefined when it is not to be. As client-go: only
 * 429 and 5xx answers, and only with a Retry-After header in whole seconds.
 */
export function retryDelayMs(status: number, retryAfter: string | undefined): number | undefined {
    if (status !== 429 && status < 500) return undefined;
    if (retryAfter === undefined || !/^\d{1,9}$/.test(retryAfter)) return undefined;
    return Math.min(Number(retryAfter) * 1000, retryAfterMaxMs);
}
