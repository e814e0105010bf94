import type { V1EndpointSlice, V1Service } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ResourceHandler } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiRequest } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { type Backend, forward, forwardUpgrade, type KubeletTls, kubeletBackend } from './forward.ts';
import { kubeletAddress, podOf } from './kubelet-target.ts';

/** "[scheme:]name[:port]", as the name of a proxied pod or Service may be written. */
interface ProxyName {
    scheme: 'http' | 'https';
    name: string;
    /** Number or name; empty for the default. */
    port: string;
}

const servicesResource = { group: '', version: 'v1', resource: 'services' };
const endpointSlicesResource = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };

/** nodes/proxy, pods/proxy and services/proxy: any HTTP request, upgrades included, passed on. */
export function proxyHandlers(reader: ObjectReader, tls: KubeletTls): ResourceHandler[] {
    const targets: Record<string, (request: ApiRequest, info: ResourceRequestInfo) => Backend> = {
        nodes: (request, info) => {
            const { name } = parseProxyName(info.name);
            return kubeletBackend(kubeletAddress(reader, name), pathOf(request, info), tls);
        },
        pods: (request, info) => {
            const { scheme, name, port } = parseProxyName(info.name);
            const pod = podOf(reader, { ...info, name });
            const host = pod.status?.podIP;
            if (!host)
                throw statusErrors.serviceUnavailable(`address not allowed: pod ${name} has no address`);
            const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
            const number =
                port === ''
                    ? (ports[0]?.containerPort ?? 80)
                    : (ports.find((each) => each.name === port)?.containerPort ?? Number(port));
            return { scheme, host, port: checkedPort(number, port), path: pathOf(request, info) };
        },
        services: (request, info) => {
            const { scheme, name, port } = parseProxyName(info.name);
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
        handle: (request, info) => forward(target(request, info)),
        upgrade: async (request, info, connection) => {
            await forwardUpgrade(connection, target(request, info));
        },
    }));
}

function parseProxyName(text: string): ProxyName {
    const parts = text.split(':');
    const scheme = parts.length === 3 ? parts.shift() : 'http';
    const [name = '', port = ''] = parts;
    if (parts.length > 2 || name === '' || (scheme !== 'http' && scheme !== 'https' && scheme !== ''))
        throw statusErrors.badRequest(`invalid proxy request "${text}"`);
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
                .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port: number })));
        });
    const chosen =
        wanted === undefined ? undefined : candidates[Math.floor(Math.random() * candidates.length)];
    if (chosen === undefined)
        throw statusErrors.serviceUnavailable(`no endpoints available for service "${name}"`);
    return chosen;
}

/** What comes after ".../proxy", with its query. */
function pathOf({ query }: ApiRequest, { rest, path }: ResourceRequestInfo): string {
    const tail = `/${rest.map(encodeURIComponent).join('/')}${rest.length > 0 && path.endsWith('/') ? '/' : ''}`;
    const text = query.toString();
    return text === '' ? tail : `${tail}?${text}`;
}
