import type { V1Container, V1HTTPHeader, V1Probe } from '../../../api/meta/object.ts';

/** A probe's answer. `unknown` counts neither way: the probe itself could not be run; `warning` is a success that is worth an event. */
export interface ProbeOutcome {
    result: 'success' | 'warning' | 'failure' | 'unknown';
    /** What the Unhealthy event quotes. */
    output: string;
}

export interface ProbeTarget {
    container: V1Container;
    containerId: string;
    podIp: string;
    timeoutMs: number;
    probe: V1Probe;
    signal: AbortSignal;
}

/** A port by number, or by its name among the container's ports. */
export function resolvePort(port: number | string, container: V1Container): number {
    if (typeof port === 'number') return validPort(port);
    const named = container.ports?.find(({ name }) => name === port);
    if (named !== undefined) return validPort(named.containerPort);
    const parsed = Number(port);
    if (Number.isInteger(parsed)) return validPort(parsed);
    throw new Error(`failed to find port "${port}" on container "${container.name}"`);
}

function validPort(port: number): number {
    if (port > 0 && port < 65_536) return port;
    throw new Error(`invalid port number: ${port}`);
}

/** Headers of a probe's request: the spec's, and upstream's defaults where it has none. */
export function probeHeaders(headers: readonly V1HTTPHeader[]): Record<string, string | string[]> {
    const result: Record<string, string | string[]> = {
        'user-agent': 'kube-probe/1.36',
        accept: '*/*',
        connection: 'close',
    };
    const seen = new Set<string>();
    for (const { name, value } of headers) {
        const key = name.toLowerCase();
        const before = seen.has(key) ? result[key] : undefined;
        result[key] = before === undefined ? value : [before, value].flat();
        seen.add(key);
    }
    // An empty value removes a default.
    for (const key of ['user-agent', 'accept']) if (result[key] === '') Reflect.deleteProperty(result, key);
    return result;
}
