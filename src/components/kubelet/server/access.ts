import type { IncomingMessage } from 'node:http';

/** Who asks. */
export interface KubeletUser {
    name: string;
    uid?: string;
    groups: readonly string[];
    extra?: Readonly<Record<string, string[]>>;
}

/** What is asked, as the API server's authorizer is asked about it: a subresource of this node. */
export interface KubeletAccess {
    verb: string;
    /** Tried in order: the fine one first, then "proxy", which stands for everything. */
    subresources: readonly string[];
    path: string;
}

const verbs: Readonly<Record<string, string>> = {
    GET: 'get',
    HEAD: 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
};

/** First path segment to subresource (upstream's KubeletFineGrainedAuthz); all others are "proxy" alone. */
const coarse: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log' };
const fine: Readonly<Record<string, string>> = {
    pods: 'pods',
    runningpods: 'pods',
    healthz: 'healthz',
    configz: 'configz',
};

export function accessOf(req: IncomingMessage, path: string): KubeletAccess {
    const first = path.split('/')[1] ?? '';
    const coarseName = coarse[first];
    const fineName = fine[first];
    const subresources =
        coarseName !== undefined ? [coarseName] : fineName !== undefined ? [fineName, 'proxy'] : ['proxy'];
    return { verb: verbs[req.method ?? 'GET'] ?? '', subresources, path };
}
