import { parseFieldSelector } from '../../api/meta/field-selector.ts';

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
    /** The verb stood in the path ("/api/v1/watch/pods"), where the method does not count for authorization. */
    verbInPath?: true;
}

export interface NonResourceRequestInfo {
    kind: 'nonResource';
    path: string;
    /** Lower-case method. */
    verb: string;
}

/** HTTP/2 lets a client make up methods: those have no verb. */
const verbOfMethod: ReadonlyMap<string, string> = new Map([
    ['POST', 'create'],
    ['GET', 'get'],
    ['HEAD', 'get'],
    ['PUT', 'update'],
    ['PATCH', 'patch'],
    ['DELETE', 'delete'],
]);
/** Subresources of namespaces; every other segment after a namespace's name is a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize']);
/** Old-style verbs in front of the resource: /api/v1/watch/pods. */
const pathVerbs = new Set(['proxy', 'watch']);

/**
 * The path of a request target, percent-decoded once and as a whole: what authorization, the router and those to
 * whom a request is passed on all read. "https://host/path", which proxies send, is "/path". Empty where it is none:
 * not below "/", or no valid percent-encoding of UTF-8.
 */
export function pathOfTarget(target: string): string {
    const relative = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/]*/i, '');
    try {
        return relative.startsWith('/') ? decodeURIComponent(relative) : '';
    } catch {
        return '';
    }
}

/** Without the slashes at both ends, in linear time. */
export function trimSlashes(path: string): string {
    let [start, end] = [0, path.length];
    while (path[start] === '/') start++;
    while (end > start && path[end - 1] === '/') end--;
    return path.slice(start, end);
}

/** @param path percent-decoded */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
    const nonResource: NonResourceRequestInfo = { kind: 'nonResource', path, verb: method.toLowerCase() };
    const segments = trimSlashes(path).split('/');
    const [apiPrefix = ''] = segments;
    if (apiPrefix !== 'api' && apiPrefix !== 'apis') return nonResource;
    if (segments.length < (apiPrefix === 'api' ? 3 : 4)) return nonResource;
    const parts = segments.slice(1);
    const group = apiPrefix === 'apis' ? (parts.shift() ?? '') : '';
    const version = parts.shift() ?? '';

    const verbInPath = pathVerbs.has(parts[0] ?? '');
    if (verbInPath && parts.length < 2) return nonResource;
    const verb = (verbInPath ? parts.shift() : verbOfMethod.get(method)) ?? '';
    const { namespace, rest } = splitNamespace(parts);
    const [resource = '', name = '', subresource = '', ...tail] = rest;
    return {
        kind: 'resource',
        ...{ path, apiPrefix, group, version, namespace, resource, subresource, name, rest: tail },
        verb: collectionVerb(verb, name, query),
        ...(verbInPath ? { verbInPath } : {}),
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

/** A list or watch that its field selector restricts to one name is authorized as of that object. */
function nameOfList(verb: string, name: string, query: URLSearchParams): { name?: string } {
    if (name !== '' || verb !== 'get') return {};
    const selected = exactName(query.get('fieldSelector') ?? '');
    return selected === undefined || !isPathSegment(selected) ? {} : { name: selected };
}

function exactName(fieldSelector: string): string | undefined {
    try {
        return parseFieldSelector(fieldSelector).find(
            ({ field, operator }) => field === 'metadata.name' && operator === '=',
        )?.value;
    } catch {
        // A selector that cannot be read selects nothing; the request fails after this.
        return undefined;
    }
}

function isPathSegment(name: string): boolean {
    return name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name);
}
