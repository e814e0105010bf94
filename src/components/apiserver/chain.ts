import type { Authenticator } from './authn/method.ts';
import type { Authorizer } from './authorizer.ts';
import type { LongRunningCheck } from './long-running.ts';
import type { RequestMetrics } from './metrics.ts';
import { authenticate } from './middleware/authenticate.ts';
import { authorize } from './middleware/authorize.ts';
import { impersonate } from './middleware/impersonate.ts';
import { boundInFlight, type InFlightLimits } from './middleware/in-flight.ts';
import { measure } from './middleware/measure.ts';
import { requestInfo } from './middleware/request-info.ts';
import { timeOut } from './middleware/time-out.ts';
import type { ApiRequest, ApiResult, Handler, Middleware } from './request.ts';

export interface ChainOptions {
    authenticator: Authenticator;
    authorizer: Authorizer;
    inFlightLimits: InFlightLimits;
    longRunning: LongRunningCheck;
    metrics: RequestMetrics;
    /** What is at the end: the router, or for upgrades the hand-over of the connection. */
    handler: Handler;
}

/**
 * What every request goes through, in order, over HTTP/1.1, HTTP/2 and inside the process alike. The
 * router then runs the verb: decode, prune and strict check → mutating admission → defaults and
 * validation → serialise once → guarded transaction → watch cache → reply with the same bytes.
 */
export function requestChain(options: ChainOptions): (request: ApiRequest) => Promise<ApiResult> {
    const { authenticator, authorizer, inFlightLimits, longRunning, metrics, handler } = options;
    return compose(
        [
            requestInfo(),
            measure(metrics),
            authenticate(authenticator),
            impersonate(authorizer),
            boundInFlight(inFlightLimits, longRunning),
            authorize(authorizer),
            timeOut(longRunning),
        ],
        handler,
    );
}

function compose(
    middleware: readonly Middleware[],
    handler: Handler,
): (request: ApiRequest) => Promise<ApiResult> {
    const run = async (request: ApiRequest, index: number): Promise<ApiResult> => {
        const step = middleware[index];
        return step === undefined
            ? await handler(request)
            : await step(request, async () => await run(request, index + 1));
    };
    return async (request) => await run(request, 0);
}
