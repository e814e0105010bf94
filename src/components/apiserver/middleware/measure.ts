import { StatusError } from '../../../api/meta/status-error.ts';
import type { RequestMetrics } from '../metrics.ts';
import type { ApiResult, Middleware } from '../request.ts';

/** Counts requests by verb, resource and code, and how long they take. */
export function measure(metrics: RequestMetrics): Middleware {
    return async (request, next) => {
        const startMs = performance.now();
        let code = 500;
        try {
            const result = await next();
            code = codeOf(result);
            return result;
        } catch (error) {
            if (error instanceof StatusError) ({ code } = error);
            throw error;
        } finally {
            metrics.observe(request, code, performance.now() - startMs);
        }
    };
}

function codeOf(result: ApiResult): number {
    return 'status' in result ? result.status : 200;
}
