import { StatusError } from '../../../api/meta/status-error.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import type { RequestMetrics } from '../metrics.ts';
import type { ApiRequest, ApiResult, Middleware, WatchResult } from '../request.ts';
import { followWatch } from './follow-watch.ts';

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);

/** Counts requests by verb, resource and code, how long they take, and how many are under way. */
export function measure(metrics: RequestMetrics, longRunning: LongRunningCheck): Middleware {
    return async (request, next) => {
        const startMs = performance.now();
        const isLong = isLongRunning(request, longRunning);
        const lane = readVerbs.has(request.info.verb) ? 'readOnly' : 'mutating';
        const closed = isLong && request.info.verb !== 'watch' ? metrics.opened(request) : undefined;
        if (!isLong) metrics.inFlight[lane]++;
        let code = 500;
        try {
            const result = await next();
            code = 'status' in result ? result.status : 200;
            return result.type === 'watch' ? measured(metrics, request, result) : result;
        } catch (error) {
            if (error instanceof StatusError) ({ code } = error);
            throw error;
        } finally {
            closed?.();
            if (!isLong) metrics.inFlight[lane]--;
            metrics.observe(request, code, performance.now() - startMs);
            if (!isLong && (request.isOver ?? request.signal.aborted)) metrics.aborted(request);
        }
    };
}

function measured(metrics: RequestMetrics, request: ApiRequest, result: WatchResult): ApiResult {
    return followWatch(result, () => metrics.opened(request), metrics.watchEvents(request));
}
