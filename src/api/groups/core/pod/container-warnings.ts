import type { V1Container, V1ContainerPort, V1ObjectMeta, V1PodSpec } from '../../../meta/object.ts';
import { fractionalBytesWarnings } from '../../storage-warnings.ts';
import { items } from '../../validation/basic.ts';

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
/** Ports are compared with those of the same number before them, up to so many. */
const comparedPortsMax = 50;

/** Where a pod's parts stand: "spec.template" of most controllers, "" of a pod itself. */
export interface PodPaths {
    metadata: string;
    spec: string;
}

type Annotations = NonNullable<V1ObjectMeta['annotations']>;

/** All containers with where they stand, in upstream's order. */
function containersOf(spec: V1PodSpec, path: string): { container: V1Container; at: string }[] {
    return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
        items(spec[field] as V1Container[] | undefined).map((container, index) => ({
            container,
            at: `${path}.${field}[${index}]`,
        })),
    );
}

export function containerWarnings(spec: V1PodSpec, annotations: Annotations, paths: PodPaths): string[] {
    const at = (key: string): string => `${paths.metadata}.annotations[${key}]`;
    const ofPod =
        spec.securityContext?.seccompProfile === undefined && annotations[seccompPod] !== undefined
            ? [`${at(seccompPod)}: non-functional in v1.27+; use the "seccompProfile" field instead`]
            : [];
    return [
        ...ofPod,
        ...containersOf(spec, paths.spec).flatMap(({ container, at: path }) => [
            ...annotationWarnings(spec, container, { annotations, at }),
            ...resourceWarnings(container, path),
            ...envWarnings(container, path),
        ]),
        ...portWarnings(spec, paths.spec),
    ];
}

/** Profiles in annotations, where fields have taken their place. */
function annotationWarnings(
    spec: V1PodSpec,
    { name, securityContext }: V1Container,
    { annotations, at }: { annotations: Annotations; at: (key: string) => string },
): string[] {
    const warnings: string[] = [];
    const seccomp = `${seccompContainer}${name}`;
    if (securityContext?.seccompProfile === undefined && annotations[seccomp] !== undefined) {
        warnings.push(`${at(seccomp)}: non-functional in v1.27+; use the "seccompProfile" field instead`);
    }
    const appArmor = `${appArmorContainer}${name}`;
    const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (profile === undefined && annotations[appArmor] !== undefined) {
        warnings.push(`${at(appArmor)}: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
    return warnings;
}

function resourceWarnings({ resources }: V1Container, path: string): string[] {
    return ['memory', 'ephemeral-storage'].flatMap((name) =>
        (['limits', 'requests'] as const).flatMap((field) =>
            fractionalBytesWarnings(resources?.[field]?.[name], `${path}.resources.${field}[${name}]`),
        ),
    );
}

function envWarnings(container: V1Container, path: string): string[] {
    const seen = new Set<string>();
    return items(container.env).flatMap(({ name, value = '', valueFrom }, index) => {
        if (!seen.has(name)) {
            seen.add(name);
            return [];
        }
        // A variable that extends the earlier one is what repeating it is good for.
        const reference = `$(${name})`;
        if (valueFrom === undefined && value !== reference && value.includes(reference)) return [];
        const previous = `previous definition of ${JSON.stringify(name)}`;
        return [`${path}.env[${index}]: hides ${previous}, which may be dropped when using apply`];
    });
}

interface Seen {
    port: V1ContainerPort;
    at: string;
}

function portWarnings(spec: V1PodSpec, path: string): string[] {
    const seen = new Map<string, Seen[]>();
    return containersOf(spec, path).flatMap(({ container, at: containerPath }) =>
        items(container.ports).flatMap((port, index) => {
            const at = `${containerPath}.ports[${index}]`;
            const key = `${port.containerPort}/${port.protocol ?? 'TCP'}`;
            const others = seen.get(key) ?? [];
            const warnings = others.flatMap((other) => clashWarnings({ port, at }, other));
            if (others.length < comparedPortsMax) seen.set(key, [...others, { port, at }]);
            return [...hostIpWarnings(port, at), ...warnings];
        }),
    );
}

function hostIpWarnings(port: V1ContainerPort, at: string): string[] {
    const { name = '', hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' } = port;
    if (hostIP === '' || hostPort !== 0) return [];
    return [
        `${at}: hostIP set without hostPort: {Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
    ];
}

function clashWarnings({ port, at }: Seen, other: Seen): string[] {
    const [hostPort, otherPort] = [port.hostPort ?? 0, other.port.hostPort ?? 0];
    const [hostIp, otherIp] = [port.hostIP ?? '', other.port.hostIP ?? ''];
    if (hostIp === otherIp && hostPort === otherPort)
        return [`${at}: duplicate port definition with ${other.at}`];
    if (hostPort === 0 || otherPort === 0) return [`${at}: overlapping port definition with ${other.at}`];
    const isAmbiguous = hostPort === otherPort && (hostIp === '') !== (otherIp === '');
    return isAmbiguous ? [`${at}: dangerously ambiguous port definition with ${other.at}`] : [];
}
