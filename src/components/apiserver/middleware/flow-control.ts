import type { Admitted, FlowControl } from '../flow-control/flow-control.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import { type ApiRequest, type ApiResult, type Middleware, setResponseHeader } from '../request.ts';
import { tooManyRequests } from './too-many-requests.ts';

/**
 * API Priority and Fairness: runs the request when it has its seats, after a wait where there are none, and
 * answers 429 where it cannot wait. A watch holds seats until its handler has made it ready; other requests
 * that last as long as their client likes (log, exec, proxy) hold none.
 *
 * A component inside the process is classified by its identity like anybody else. What the server asks of
 * itself while it works on a request runs as system:apiserver, which is exempt, so that no request waits for
 * seats that it holds.
 */
export function controlFlow(flowControl: FlowControl, longRunning: LongRunningCheck): Middleware {
    return async (request, next) => {
        if (request.info.verb !== 'watch' && isLongRunning(request, longRunning)) return await next();
        const admitted = flowControl.admit(request);
        const { schema, level, seated } = admitted;
        if (schema.uid !== '') setResponseHeader(request, 'X-Kubernetes-PF-FlowSchema-UID', schema.uid);
        if (level.uid !== '') setResponseHeader(request, 'X-Kubernetes-PF-PriorityLevel-UID', level.uid);
        if (seated.decision !== undefined) await seated.decision;
        if (seated.state === 'rejected') return refuse(request, admitted);
        try {
            return await next();
        } finally {
            seated.finish();
        }
    };
}

function refuse(request: ApiRequest, { level }: Admitted): ApiResult {
    return tooManyRequests(request, level.retryAfter.noteRefusal());
}
