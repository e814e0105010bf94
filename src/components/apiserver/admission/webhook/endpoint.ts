import { isIPv6 } from 'node:net';
import type { AdmissionregistrationV1WebhookClientConfig, V1Service } from '../../../../api/meta/object.ts';
import { services } from '../../../../client/resource-type.ts';
import type { ObjectReader } from '../../object-reader.ts';

/** Where a webhook is called. */
export interface Endpoint {
    /** What error messages name, and the `Host` header: "https://hook.shop.svc:443/validate". */
    url: URL;
    /** The text of the URL as upstream writes it, with the port of a service. */
    text: string;
    host: string;
    port: number;
    /** Name that the certificate must be for. */
    serverName: string;
    /** PEM; undefined for the authorities that the system trusts. */
    ca: string | undefined;
}

const httpsPort = 443;

/** Throws an Error in upstream's words when a service cannot be reached that way. */
export function endpointOf(
    reader: ObjectReader,
    { url, service, caBundle }: AdmissionregistrationV1WebhookClientConfig,
): () => Endpoint {
    const ca = caBundle ? Buffer.from(caBundle, 'base64').toString() : undefined;
    if (service === undefined) {
        const parsed = new URL(url ?? '');
        const host = parsed.hostname.replace(/^\[|\]$/g, '');
        const port = parsed.port === '' ? httpsPort : Number(parsed.port);
        return () => ({ url: parsed, text: url ?? '', host, port, serverName: host, ca });
    }
    const { namespace, name, port = httpsPort } = service;
    const serverName = `${name}.${namespace}.svc`;
    const path = service.path === undefined || service.path === '' ? '/' : service.path;
    const text = `https://${serverName}:${port}${path.startsWith('/') ? path : `/${path}`}`;
    return () => ({
        url: new URL(text),
        text,
        serverName,
        ca,
        ...clusterAddress(reader, { namespace, name, port }),
    });
}

/** The text of a webhook's URL, also where the service behind it does not exist. */
export function urlText({ url, service }: AdmissionregistrationV1WebhookClientConfig): string {
    if (service === undefined) return url ?? '';
    const { namespace, name, port = httpsPort, path = '/' } = service;
    return `https://${name}.${namespace}.svc:${port}${path.startsWith('/') ? path : `/${path}`}`;
}

function clusterAddress(
    reader: ObjectReader,
    { namespace, name, port }: { namespace: string; name: string; port: number },
): { host: string; port: number } {
    const found = reader.get<V1Service>(services, namespace, name);
    if (found === undefined) throw new Error(`service "${name}" not found`);
    const { type = 'ClusterIP', clusterIP = '', externalName = '', ports = [] } = found.spec ?? {};
    if (type === 'ExternalName') return { host: externalName, port };
    if (clusterIP === 'None' || clusterIP === '') {
        throw new Error('cannot route to service with ClusterIP "None"');
    }
    if (!ports.some((each) => each.port === port)) {
        throw new Error(`no service port ${port} found for service "${name}"`);
    }
    return { host: clusterIP, port };
}

/** "10.0.0.1:443", "[fd00::1]:443" */
export function hostPort(host: string, port: number): string {
    return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
