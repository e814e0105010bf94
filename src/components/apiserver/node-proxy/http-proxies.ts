import type { V1Endpoint, V1EndpointSlice, V1Pod, V1Service } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ResourceHandler } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { type Backend, forward, forwardUpgrade, type KubeletTls, kubeletBackend } from './forward.ts';
import { kubeletAddress, podOf } from './kubelet-target.ts';
import { isGlobalUnicast, isProxyable } from './proxyable-address.ts';

/** "[scheme:]name[:port]", as the name of a proxied pod or Service may be written. */
interface ProxyName {
    scheme: 'http' | 'https';
    name: string;
    /** Number or name; empty for the default. */
    port: string;
}

const servicesResource = { group: '', version: 'v1', resource: 'services' };
const podsResource = { group: '', version: 'v1', resource: 'pods' };
const addressNotAllowed = 'address not allowed';
const endpointSlicesResource = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };

/** nodes/proxy, pods/proxy and services/proxy: any HTTP request, upgrades included, passed on. */
export function proxyHandlers(reader: ObjectReader, tls: KubeletTls): ResourceHandler[] {
    const targets: Record<string, Target> = {
        nodes: (request, info) => nodeBackend(reader, tls, { request, info }),
        pods: (request, info) => podBackend(reader, request, info),
        services: (request, info) => {
            const { scheme, name, port } = parseProxyName(info);
            return {
                scheme,
                ...serviceEndpoint(reader, { ...info, name }, port),
                path: pathOf(request, info),
            };
        },
    };
    return Object.entries(targets).map(([resource, target]) => ({
        group: '',
        resource,
        subresource: 'proxy',
        longRunning: true,
        handle: (request, info) =>
            isWithoutPath(request, info) ? movedToRoot(request) : forward(passed(target, request, info)),
        upgrade: async (request, info, connection) => {
            await forwardUpgrade(connection, passed(target, request, info));
        },
    }));
}

type Target = (request: ApiRequest, info: ResourceRequestInfo) => Backend;

/** The backend, told how the client sees it. */
function passed(target: Target, request: ApiRequest, info: ResourceRequestInfo): Backend {
    const backend = target(request, info);
    const prefix = prefixOf(info);
    const { origin } = request;
    const headers = {
        'x-forwarded-uri': `${prefix}${backend.path.split('?', 1)[0] ?? ''}`,
        ...(origin.type === 'http' ? { 'x-forwarded-for': origin.remoteAddress } : {}),
    };
    return { ...backend, prefix, headers: { ...headers, ...backend.headers } };
}

function prefixOf({ namespace, resource, name }: ResourceRequestInfo): string {
    const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
    return `/api/v1${scope}/${resource}/${name}/proxy`;
}

/** A page at ".../proxy" would take its relative links for those of its parent. */
function isWithoutPath({ method, path }: ApiRequest, { rest }: ResourceRequestInfo): boolean {
    return (method === 'GET' || method === 'HEAD') && rest.length === 0 && !path.endsWith('/');
}

function movedToRoot({ path, query }: ApiRequest): ApiResult {
    const text = query.toString();
    return {
        type: 'raw',
        write: async (_request, response) => {
            const location = `${path}/${text === '' ? '' : `?${text}`}`;
            (response.writeHead as (status: number, headers: object) => unknown)(301, { location });
            (response as NodeJS.WritableStream).end();
            await Promise.resolve();
        },
    };
}

interface Proxied {
    request: ApiRequest;
    info: ResourceRequestInfo;
}

/** The node's kubelet, or another port of the node where one is named. */
function nodeBackend(reader: ObjectReader, tls: KubeletTls, { request, info }: Proxied): Backend {
    const { scheme, name, port } = parseProxyName(info);
    const kubelet = kubeletAddress(reader, name);
    const path = pathOf(request, info);
    if (port === '' || port === String(kubelet.port)) return kubeletBackend(kubelet, path, tls);
    if (!isProxyable(kubelet.host)) throw statusErrors.badRequest(addressNotAllowed);
    return { scheme, host: kubelet.host, port: checkedPort(Number(port), port), path };
}

function podBackend(reader: ObjectReader, request: ApiRequest, info: ResourceRequestInfo): Backend {
    const { scheme, name, port } = parseProxyName(info);
    const pod = podOf(reader, { ...info, name });
    const host = pod.status?.podIP ?? '';
    // Who writes a pod's status must not choose what the API server reaches besides pods.
    if (!isGlobalUnicast(host)) throw statusErrors.badRequest(addressNotAllowed);
    const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
    const number =
        port === ''
            ? (ports[0]?.containerPort ?? 80)
            : (ports.find((each) => each.name === port)?.containerPort ?? Number(port));
    return { scheme, host, port: checkedPort(number, port), path: pathOf(request, info) };
}

function parseProxyName({ name: text, resource }: ResourceRequestInfo): ProxyName {
    const parts = text.split(':');
    const scheme = parts.length === 3 ? parts.shift() : 'http';
    const [name = '', port = ''] = parts;
    if (parts.length > 2 || name === '' || (scheme !== 'http' && scheme !== 'https' && scheme !== ''))
        throw statusErrors.badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(text)}`);
    return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

function checkedPort(port: number, text: string): number {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
        throw statusErrors.badRequest(`invalid port "${text}"`);
    return port;
}

/** One ready endpoint of a Service's port, at random. */
function serviceEndpoint(
    reader: ObjectReader,
    { namespace, name }: ResourceRequestInfo,
    port: string,
): { host: string; port: number } {
    const service = reader.get<V1Service>(servicesResource, namespace, name);
    if (service === undefined) throw statusErrors.notFound({ resource: 'services', name });
    const ports = service.spec?.ports ?? [];
    const wanted =
        port === '' ? ports[0] : ports.find((each) => each.name === port || String(each.port) === port);
    const candidates = reader
        .list<V1EndpointSlice>(endpointSlicesResource, namespace)
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
        .flatMap((slice) => {
            const number = slice.ports?.find((each) => (each.name ?? '') === (wanted?.name ?? ''))?.port;
            if (number === undefined) return [];
            return (slice.endpoints ?? [])
                .filter(({ conditions }) => conditions?.ready !== false)
                .filter((endpoint) => isOfPod(reader, namespace, endpoint))
                .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port: number })));
        });
    const chosen =
        wanted === undefined ? undefined : candidates[Math.floor(Math.random() * candidates.length)];
    if (chosen === undefined)
        throw statusErrors.serviceUnavailable(`no endpoints available for service "${name}"`);
    return chosen;
}

/** Who writes endpoints must not have the API server reach anything: only pods of the namespace, at their addresses. */
function isOfPod(reader: ObjectReader, namespace: string, { addresses, targetRef }: V1Endpoint): boolean {
    if (targetRef?.kind !== 'Pod' || (targetRef.namespace ?? namespace) !== namespace) return false;
    const pod = reader.get<V1Pod>(podsResource, namespace, targetRef.name ?? '');
    const { podIP, podIPs = [] } = pod?.status ?? {};
    const [address = ''] = addresses;
    const isItsOwn = podIP === address || podIPs.some(({ ip }) => ip === address);
    return isItsOwn && isGlobalUnicast(address);
}

/** What comes after ".../proxy", with its query; ".." leads nowhere above it. */
function pathOf({ query }: ApiRequest, { rest, path }: ResourceRequestInfo): string {
    const segments: string[] = [];
    for (const segment of rest) {
        if (segment === '..') segments.pop();
        else if (segment !== '' && segment !== '.') segments.push(encodeURIComponent(segment));
    }
    const tail = `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`;
    const text = query.toString();
    return text === '' ? tail : `${tail}?${text}`;
}
