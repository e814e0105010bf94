import type { Admitted, FlowControl } from '../flow-control/flow-control.ts';
import type { Seated } from '../flow-control/queue-set.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import {
    type ApiRequest,
    type ApiResult,
    type Middleware,
    setResponseHeader,
    took,
    type WatchResult,
} from '../request.ts';
import { tooManyRequests } from './too-many-requests.ts';

/**
 * API Priority and Fairness: runs the request when it has its seats, after a wait where there are none, and
 * answers 429 where it cannot wait. A watch holds seats until its first events were handed over; other requests
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
        if (seated.decision !== undefined) {
            const startMs = performance.now();
            await seated.decision;
            request.waitedMs = performance.now() - startMs;
            took(request, 'apf-queue-wait', request.waitedMs);
        }
        if (seated.state === 'rejected') return refuse(request, admitted);
        let result: ApiResult;
        try {
            result = await next();
        } catch (error) {
            finishWithAnswer(request, seated);
            throw error;
        }
        if (result.type === 'watch') return releasedWhenReady(request, seated, result);
        // A watch of an extension server: its work is done there.
        if (result.type === 'raw' && request.info.verb === 'watch') {
            seated.finish();
            return result;
        }
        finishWithAnswer(request, seated);
        return result;
    };
}

/** Whoever reads an answer more slowly than this does not hold seats for it any longer. */
const answerMaxMs = 60_000;

/** Sending a large answer is work too: the seats are free once it is sent, or its client has gone. */
function finishWithAnswer(request: ApiRequest, seated: Seated): void {
    const { origin } = request;
    if (origin.type === 'inProcess' || origin.response === undefined) seated.finish();
    else finishWithRequest(request, seated);
}

/** The seats of a watch are free once its first events were handed over, or when nobody begins it. */
function releasedWhenReady(request: ApiRequest, seated: Seated, watch: WatchResult): WatchResult {
    const release = finishWithRequest(request, seated);
    return {
        ...watch,
        open: (sink) => {
            try {
                return watch.open(sink);
            } finally {
                release();
            }
        },
    };
}

/** Gives the seats back when the request is over, or when the returned function is called. */
function finishWithRequest(request: ApiRequest, seated: Seated): () => void {
    const release = (): void => {
        clearTimeout(timer);
        forget();
        seated.finish();
    };
    const timer = setTimeout(release, answerMaxMs);
    timer.unref();
    const forget = whenOver(request, release);
    if (request.isOver ?? request.signal.aborted) release();
    return release;
}

/** Calls `listener` when the request is over, unless what this returns is called before. */
function whenOver(request: ApiRequest, listener: () => void): () => void {
    const { origin } = request;
    const response = origin.type === 'http' && request.isOver !== undefined ? origin.response : undefined;
    if (response !== undefined) {
        response.once('close', listener);
        return () => response.off('close', listener);
    }
    const { signal } = request;
    signal.addEventListener('abort', listener, { once: true });
    return () => {
        signal.removeEventListener('abort', listener);
    };
}

function refuse(request: ApiRequest, { level }: Admitted): ApiResult {
    return tooManyRequests(request, level.retryAfter.noteRefusal());
}
