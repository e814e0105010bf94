import type { Middleware } from '../request.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import { tooManyRequests } from './too-many-requests.ts';

/** --max-mutating-requests-inflight and --max-requests-inflight of upstream. */
export interface InFlightLimits {
    mutating: number;
    readOnly: number;
}
export const defaultInFlightLimits: InFlightLimits = { mutating: 200, readOnly: 400 };

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);
/** These must get through when others overload the server. */
const mastersGroup = 'system:masters';
const retryAfterSeconds = 1;

/** Without API Priority and Fairness: 429 when too many requests are being worked on. Watches, logs and the like do not count. */
export function boundInFlight(limits: InFlightLimits, longRunning: LongRunningCheck): Middleware {
    const busy = { mutating: 0, readOnly: 0 };
    return async (request, next) => {
        const isExempt =
            request.identity.groups.includes(mastersGroup) || request.origin.type === 'inProcess';
        if (isExempt || isLongRunning(request, longRunning)) return await next();
        const lane = readVerbs.has(request.info.verb) ? 'readOnly' : 'mutating';
        if (busy[lane] >= limits[lane]) {
            return tooManyRequests(request, retryAfterSeconds);
        }
        busy[lane]++;
        try {
            return await next();
        } finally {
            busy[lane]--;
        }
    };
}
