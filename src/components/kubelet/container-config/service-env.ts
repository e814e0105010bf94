import type { V1Service } from '../../../api/meta/object.ts';

/** `FOO_BAR` for "foo-bar". */
function envName(name: string): string {
    return name.toUpperCase().replaceAll('-', '_');
}

function joinHostPort(host: string, port: number): string {
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The variables that Docker links once made, for every Service with a cluster address
 * (upstream: pkg/kubelet/envvars): `REDIS_SERVICE_HOST`, `REDIS_PORT_6379_TCP_ADDR`, …
 */
export function serviceEnv(services: readonly V1Service[]): Record<string, string> {
    const env: Record<string, string> = {};
    for (const service of services) addService(env, service);
    return env;
}

function addService(env: Record<string, string>, service: V1Service): void {
    const host = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (host === undefined || host === '' || host === 'None' || first === undefined) return;
    const prefix = envName(service.metadata?.name ?? '');
    env[`${prefix}_SERVICE_HOST`] = host;
    env[`${prefix}_SERVICE_PORT`] = String(first.port);
    for (const port of ports)
        if (port.name) env[`${prefix}_SERVICE_PORT_${envName(port.name)}`] = String(port.port);
    ports.forEach((port, index) => {
        const protocol = port.protocol ?? 'TCP';
        const url = `${protocol.toLowerCase()}://${joinHostPort(host, port.port)}`;
        if (index === 0) env[`${prefix}_PORT`] = url;
        const base = `${prefix}_PORT_${port.port}_${protocol}`;
        env[base] = url;
        env[`${base}_PROTO`] = protocol.toLowerCase();
        env[`${base}_PORT`] = String(port.port);
        env[`${base}_ADDR`] = host;
    });
}

/** The Services a pod in `namespace` sees: the API server's own, and with links all of its namespace. */
export function visibleServices(
    services: readonly V1Service[],
    namespace: string,
    enableServiceLinks: boolean,
): V1Service[] {
    return services.filter(({ metadata }) => {
        if (metadata?.namespace === 'default' && metadata.name === 'kubernetes') return true;
        return enableServiceLinks && metadata?.namespace === namespace;
    });
}
