import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ForeignDiscovery } from '../aggregation/extension-discovery.ts';
import type { NonResourceRoute } from '../extensions.ts';
import { type ApiRequest, type ApiResult, headerOf } from '../request.ts';
import {
    apiGroup,
    apiResourceList,
    apiVersions,
    groupDiscoveryItems,
    groupDiscoveryList,
} from './documents.ts';
import { type DiscoveredGroup, groupsOf } from './group-order.ts';

const aggregatedVersions = ['v2', 'v2beta1'] as const;

/**
 * Discovery: /api, /apis and below, in the plain form and, at /api and /apis, in the aggregated one.
 * @param definitions what is served at the moment of the request
 * @param serverAddress "host:port" under which clients reach this server
 * @param foreign group versions that other servers answer for
 */
export function discoveryRoutes(
    definitions: () => readonly ResourceDefinition[],
    serverAddress: () => string,
    foreign?: ForeignDiscovery,
): NonResourceRoute[] {
    const groups = (): DiscoveredGroup[] => groupsOf(definitions(), foreign);
    return [
        {
            path: '/api',
            prefix: true,
            handle: async (request) => {
                const core = groups().filter(({ group }) => group === '');
                const [version, ...rest] = request.path
                    .split('/')
                    .filter((part) => part !== '')
                    .slice(1);
                if (version === undefined) {
                    const plain = (): object => apiVersions(serverAddress());
                    return await root(request, plain, async () => await groupDiscoveryItems(core, foreign));
                }
                const found = core[0]?.versions.find((candidate) => candidate.version === version);
                if (found === undefined || rest.length > 0) throw statusErrors.pathNotFound();
                return value(apiResourceList('', found));
            },
        },
        {
            path: '/apis',
            prefix: true,
            handle: async (request) => {
                const named = groups().filter(({ group }) => group !== '');
                const [name, version, ...rest] = request.path
                    .split('/')
                    .filter((part) => part !== '')
                    .slice(1);
                if (name === undefined) {
                    const plain = (): object => ({
                        kind: 'APIGroupList',
                        apiVersion: 'v1',
                        groups: named.map(apiGroup),
                    });
                    return await root(request, plain, async () => await groupDiscoveryItems(named, foreign));
                }
                // What discovery's top does not show any more is still served.
                const group = [...named, ...groupsOf(definitions())].find(
                    (candidate) => candidate.group === name,
                );
                if (group === undefined || rest.length > 0) throw statusErrors.pathNotFound();
                if (version === undefined)
                    return value({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) });
                const found = group.versions.find((candidate) => candidate.version === version);
                if (found === undefined) throw statusErrors.pathNotFound();
                return value(apiResourceList(name, found));
            },
        },
    ];
}

const value = (document: object): ApiResult => ({ type: 'value', status: 200, value: document });

/** The top of a tree: aggregated when the client's first acceptable form is that, plain otherwise. */
async function root(
    request: ApiRequest,
    plain: () => object,
    items: () => Promise<object[]>,
): Promise<ApiResult> {
    const accepted = (headerOf(request, 'accept') ?? '').split(',');
    for (const form of accepted) {
        if (!/as=APIGroupDiscoveryList/.test(form) || !form.trim().startsWith('application/json')) continue;
        const version = aggregatedVersions.find((known) => new RegExp(`v=${known}(;|$)`).test(form));
        if (version !== undefined) return aggregated(request, await items(), version);
    }
    return value(plain());
}

function aggregated(request: ApiRequest, items: readonly object[], version: string): ApiResult {
    const body = Buffer.from(JSON.stringify(groupDiscoveryList(items, `apidiscovery.k8s.io/${version}`)));
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
    const unchanged = headerOf(request, 'if-none-match') === etag;
    return {
        type: 'bytes',
        status: unchanged ? 304 : 200,
        contentType,
        headers,
        body: unchanged ? Buffer.alloc(0) : body,
    };
}
