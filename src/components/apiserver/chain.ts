import type { Authenticator } from './authn/method.ts';
import type { Authorizer } from './authorizer.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import type { LongRunningCheck } from './long-running.ts';
import type { RequestMetrics } from './metrics.ts';
import type { ChainMetrics } from './metrics/chain-metrics.ts';
import { audit, auditFailedAuthentication, type AuditOptions } from './middleware/audit.ts';
import { authenticate } from './middleware/authenticate.ts';
import { authorize } from './middleware/authorize.ts';
import { boundWatches } from './middleware/bound-watches.ts';
import { controlFlow } from './middleware/flow-control.ts';
import { impersonate } from './middleware/impersonation/impersonate.ts';
import { boundInFlight, type InFlightLimits } from './middleware/in-flight.ts';
import { measure } from './middleware/measure.ts';
import { requestInfo } from './middleware/request-info.ts';
import { timeOut } from './middleware/time-out.ts';
import type { ApiRequest, ApiResult, Handler, Middleware } from './request.ts';

export interface ChainOptions {
    authenticator: Authenticator;
    authorizer: Authorizer;
    /** API Priority and Fairness; without it `inFlightLimits` hold. */
    flowControl: FlowControl | undefined;
    inFlightLimits: InFlightLimits;
    /** Undefined where no audit policy is given: its steps are not there then. */
    audit: AuditOptions | undefined;
    longRunning: LongRunningCheck;
    metrics: RequestMetrics;
    chainMetrics?: ChainMetrics | undefined;
    requestTimeoutMs: number | undefined;
    /** What is at the end: the router, or for upgrades the hand-over of the connection. */
    handler: Handler;
}

/**
 * What every request goes through, in order, over HTTP/1.1, HTTP/2 and inside the process alike. The
 * router then runs the verb: decode, prune and strict check → mutating admission → defaults and
 * validation → serialise once → guarded transaction → watch cache → reply with the same bytes.
 */
export function requestChain(options: ChainOptions): (request: ApiRequest) => Promise<ApiResult> {
    const { authenticator, authorizer, flowControl, inFlightLimits, longRunning, metrics, handler } = options;
    const { chainMetrics } = options;
    const audited = options.audit;
    return compose(
        [
            requestInfo(),
            measure(metrics, longRunning),
            ...(audited === undefined ? [] : [auditFailedAuthentication(audited)]),
            authenticate(authenticator, chainMetrics),
            ...(audited === undefined ? [] : [audit(audited)]),
            impersonate(authorizer),
            flowControl === undefined
                ? boundInFlight(inFlightLimits, longRunning)
                : controlFlow(flowControl, longRunning),
            boundWatches(),
            authorize(authorizer, chainMetrics),
            timeOut(longRunning, options.requestTimeoutMs),
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
