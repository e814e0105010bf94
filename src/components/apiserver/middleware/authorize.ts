import { forbiddenError } from '../authz/forbidden.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { ChainMetrics } from '../metrics/chain-metrics.ts';
import { annotate, type ApiRequest, type Middleware, took } from '../request.ts';

/** 403 unless an authorizer allows the request. */
export function authorize(authorizer: Authorizer, metrics?: ChainMetrics): Middleware {
    return async (request, next) => {
        const attributes = attributesOf(request);
        const startMs = performance.now();
        const decision = await authorizer.authorize(request.identity, attributes);
        const ms = performance.now() - startMs;
        metrics?.authorized(resultOf(decision), ms / 1000);
        took(request, 'authorization', ms);
        annotate(request, 'authorization.k8s.io/decision', decision.outcome === 'allow' ? 'allow' : 'forbid');
        annotate(request, 'authorization.k8s.io/reason', decision.reason);
        if (decision.outcome !== 'allow') throw forbiddenError(request.identity, attributes, decision);
        return await next();
    };
}

function resultOf({ outcome, error }: Decision): 'allowed' | 'denied' | 'no-opinion' | 'error' {
    if (outcome === 'allow') return 'allowed';
    if (error !== undefined) return 'error';
    return outcome === 'deny' ? 'denied' : 'no-opinion';
}

export function attributesOf({ info, query }: ApiRequest): RequestAttributes {
    if (info.kind === 'nonResource') return { kind: 'nonResource', verb: info.verb, path: info.path };
    const { verb, group, version, resource, subresource, namespace, name } = info;
    const selectors = verb === 'list' || verb === 'watch' || verb === 'deletecollection';
    return {
        kind: 'resource',
        verb,
        group,
        version,
        resource,
        subresource,
        namespace,
        name,
        ...(selectors && query.has('fieldSelector')
            ? { fieldSelector: query.get('fieldSelector') ?? '' }
            : {}),
        ...(selectors && query.has('labelSelector')
            ? { labelSelector: query.get('labelSelector') ?? '' }
            : {}),
    };
}
