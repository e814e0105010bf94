/** What a request is about, read from its method and URL alone (apiserver/pkg/endpoints/request). */
export type RequestInfo = ResourceRequestInfo | NonResourceRequestInfo;

export interface ResourceRequestInfo {
    kind: 'resource';
    path: string;
    /** As RBAC and audit know it: get, list, watch, create, update, patch, delete, deletecollection, proxy. */
    verb: string;
    /** "api" or "apis". */
    apiPrefix: string;
    group: string;
    version: string;
    /** Empty for cluster-scoped requests and for all namespaces. */
    namespace: string;
    resource: string;
    subresource: string;
    name: string;
    /** Path segments after the subresource: what proxies pass on. */
    rest: readonly string[];
}

export interface NonResourceRequestInfo {
    kind: 'nonResource';
    path: string;
    /** Lower-case method. */
    verb: string;
}

const verbOfMethod: Readonly<Record<string, string>> = {
    POST: 'create',
    GET: 'get',
    HEAD: 'get',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
};
/** Subresources of namespaces; every other segment after a namespace's name is a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize']);
/** Old-style verbs in front of the resource: /api/v1/watch/pods. */
const pathVerbs = new Set(['proxy', 'watch']);

/** Throws URIError when the path is not valid percent-encoding. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
    const nonResource: NonResourceRequestInfo = { kind: 'nonResource', path, verb: method.toLowerCase() };
    const segments = path.split('/').filter((segment) => segment !== '');
    const [apiPrefix = ''] = segments;
    if (apiPrefix !== 'api' && apiPrefix !== 'apis') return nonResource;
    if (segments.length < (apiPrefix === 'api' ? 3 : 4)) return nonResource;
    const parts = segments.slice(1).map(decodeURIComponent);
    const group = apiPrefix === 'apis' ? (parts.shift() ?? '') : '';
    const version = parts.shift() ?? '';

    let verb = verbOfMethod[method] ?? '';
    if (pathVerbs.has(parts[0] ?? '')) {
        if (parts.length < 2) return nonResource;
        verb = parts.shift() ?? '';
    }
    const { namespace, rest } = splitNamespace(parts);
    const [resource = '', name = '', subresource = '', ...tail] = rest;
    const info = { path, apiPrefix, group, version, namespace, resource, subresource, name, rest: tail };
    return {
        kind: 'resource',
        ...info,
        verb: collectionVerb(verb, name, query),
        ...nameOfList(verb, name, query),
    };
}

function splitNamespace(parts: readonly string[]): { namespace: string; rest: readonly string[] } {
    if (parts[0] !== 'namespaces') return { namespace: '', rest: parts };
    const namespace = parts[1] ?? '';
    const isInside = parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '');
    return { namespace, rest: isInside ? parts.slice(2) : parts };
}

function isWatch(query: URLSearchParams): boolean {
    const value = query.get('watch');
    return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function collectionVerb(verb: string, name: string, query: URLSearchParams): string {
    if (name !== '') return verb;
    if (verb === 'get') return isWatch(query) ? 'watch' : 'list';
    return verb === 'delete' ? 'deletecollection' : verb;
}

/** A collection restricted to one name by its field selector is authorized as that object. */
function nameOfList(verb: string, name: string, query: URLSearchParams): { name?: string } {
    if (name !== '' || (verb !== 'get' && verb !== 'watch' && verb !== 'delete')) return {};
    const match = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '');
    return match?.[1] === undefined ? {} : { name: match[1] };
}
