import type { ApiObject } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Authorizer } from '../authorizer.ts';
import { attributesOf } from '../middleware/authorize.ts';
import type { ApiRequest } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { Admission } from './admit.ts';
import { type Registry, targetOf } from './registry.ts';

type Options = ApiObject & Record<string, unknown>;

function streams(query: URLSearchParams): Record<string, unknown> {
    const flag = (name: string, fallback: boolean): Record<string, boolean> => {
        const text = query.get(name);
        const isSet = text === null ? fallback : ['true', '1', ''].includes(text);
        return isSet ? { [name]: true } : {};
    };
    const container = query.get('container') ?? '';
    return {
        ...flag('stdin', false),
        ...flag('stdout', true),
        ...flag('stderr', true),
        ...flag('tty', false),
        ...(container === '' ? {} : { container }),
    };
}

/** What the query of a connection says, as the object that upstream makes of it: by "resource/subresource". */
const optionsOf: Readonly<Record<string, (request: ApiRequest, info: ResourceRequestInfo) => Options>> = {
    'pods/exec': ({ query }) => ({
        kind: 'PodExecOptions',
        ...streams(query),
        command: query.getAll('command'),
    }),
    'pods/attach': ({ query }) => ({ kind: 'PodAttachOptions', ...streams(query) }),
    'pods/portforward': ({ query }) => {
        const ports = query.getAll('ports').flatMap((text) => text.split(',').map(Number));
        return { kind: 'PodPortForwardOptions', ...(ports.length === 0 ? {} : { ports }) };
    },
    'pods/proxy': (_request, info) => ({ kind: 'PodProxyOptions', ...pathOf(info) }),
    'services/proxy': (_request, info) => ({ kind: 'ServiceProxyOptions', ...pathOf(info) }),
    'nodes/proxy': (_request, info) => ({ kind: 'NodeProxyOptions', ...pathOf(info) }),
};

function pathOf({ rest, path }: ResourceRequestInfo): { path?: string } {
    if (rest.length === 0 && !path.endsWith('/')) return {};
    return { path: `/${rest.join('/')}` };
}

/** Connections to pods, services and nodes pass admission as CONNECT; everything else passes here untouched. */
export async function admitConnection(
    registry: Registry,
    request: ApiRequest,
    info: ResourceRequestInfo,
): Promise<void> {
    const { group, resource, subresource } = info;
    const make = group === '' ? optionsOf[`${resource}/${subresource}`] : undefined;
    const definition = make && registry.caches.definitionOf(info);
    if (make === undefined || definition === undefined) return;
    const { kind = '', ...options } = make(request, info);
    const admission = new Admission(registry, targetOf(registry, definition, info), request, {
        operation: 'CONNECT',
        object: { kind, apiVersion: 'v1', ...options },
        oldObject: undefined,
        dryRun: false,
        body: { apiVersion: 'v1', kind, type: kind },
    });
    await admission.mutate();
    await admission.validate();
}

/** Subresources through which programs in a pod are talked to. */
const interactive: readonly string[] = ['exec', 'attach', 'portforward'];

/**
 * A WebSocket is opened by GET, which is the verb "get": who may read everything must not get a shell by that. These
 * connections need "create" besides, as by SPDY, which is opened by POST.
 */
export async function authorizeConnection(
    authorizer: Authorizer,
    request: ApiRequest,
    { group, resource, subresource, name, verb }: ResourceRequestInfo,
): Promise<void> {
    if (group !== '' || resource !== 'pods' || !interactive.includes(subresource) || verb === 'create')
        return;
    const attributes = attributesOf(request);
    const decision = await authorizer.authorize(request.identity, { ...attributes, verb: 'create' });
    if (decision.outcome !== 'allow') throw statusErrors.forbidden({ resource, name }, decision.reason);
}
