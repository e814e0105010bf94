import type { Identity } from './identity.ts';

/** What a request wants to do, as RBAC sees it. */
export type RequestAttributes = ResourceAttributes | NonResourceAttributes;

export interface ResourceAttributes {
    kind: 'resource';
    verb: string;
    group: string;
    version: string;
    resource: string;
    /** Empty for the resource itself. */
    subresource: string;
    /** Empty for cluster-scoped resources and for all namespaces. */
    namespace: string;
    /** Empty for collections. */
    name: string;
    fieldSelector?: string | undefined;
    labelSelector?: string | undefined;
}

export interface NonResourceAttributes {
    kind: 'nonResource';
    /** Lower-case HTTP method: "get". */
    verb: string;
    path: string;
}

/** 'allow' and 'deny' are final; 'noOpinion' asks the next authorizer, and is a denial at the end. */
export interface Decision {
    outcome: 'allow' | 'deny' | 'noOpinion';
    reason: string;
    /** What went wrong on the way to the decision, for access reviews. */
    error?: string;
}

export interface Authorizer {
    authorize(identity: Identity, attributes: RequestAttributes): Decision | Promise<Decision>;
}
