import type { V1Container, V1PodSpec, V1PodTemplateSpec } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

const deprecatedVolumes: Readonly<Record<string, string>> = {
    gitRepo: 'deprecated in v1.11',
    glusterfs: 'deprecated in v1.25, this feature will be removed in 1.26',
    cephfs: 'deprecated in v1.28, non-functional in v1.31+',
    rbd: 'deprecated in v1.28, non-functional in v1.31+',
    photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
    scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
    storageos: 'deprecated in v1.22, non-functional in v1.25+',
};

/** What a client should hear about a pod that is valid and still doubtful (pkg/api/pod/warnings.go). */
export function podSpecWarnings(spec: V1PodSpec | undefined, path: string): string[] {
    if (spec === undefined) return [];
    return [
        ...volumeWarnings(spec, path),
        ...(['containers', 'initContainers'] as const).flatMap((field) =>
            items(spec[field]).flatMap((container, index) =>
                containerWarnings(container, `${path}.${field}[${index}]`),
            ),
        ),
        ...portWarnings(spec, path),
        ...graceWarnings(spec, path),
        ...hostAliasWarnings(spec, path),
    ];
}

export function podTemplateWarnings(template: V1PodTemplateSpec | undefined, path: string): string[] {
    return podSpecWarnings(template?.spec, `${path}.spec`);
}

function volumeWarnings(spec: V1PodSpec, path: string): string[] {
    return items(spec.volumes).flatMap((volume, index) =>
        Object.keys(volume)
            .filter((source) => source in deprecatedVolumes)
            .map((source) => `${path}.volumes[${index}].${source}: ${deprecatedVolumes[source] ?? ''}`),
    );
}

function containerWarnings(container: V1Container, path: string): string[] {
    const warnings: string[] = [];
    for (const field of ['limits', 'requests'] as const) {
        for (const [name, quantity] of Object.entries(container.resources?.[field] ?? {})) {
            if (!/^[0-9.]+m$/.test(quantity) || name === 'cpu') continue;
            if (Number.parseFloat(quantity) % 1000 === 0) continue;
            warnings.push(
                `${path}.resources.${field}[${name}]: fractional byte value "${quantity}" is invalid, must be an integer`,
            );
        }
    }
    return [...warnings, ...envWarnings(container, path)];
}

function envWarnings(container: V1Container, path: string): string[] {
    const first = new Map<string, number>();
    return items(container.env).flatMap(({ name, value }, index) => {
        const earlier = first.get(name);
        first.set(name, index);
        if (earlier === undefined) return [];
        // A variable that extends the earlier one is what repeating it is good for.
        if (value?.includes(`$(${name})`) === true) return [];
        const previous = `previous definition of ${JSON.stringify(name)}`;
        return [`${path}.env[${index}]: hides ${previous}, which may be dropped when using apply`];
    });
}

function portWarnings(spec: V1PodSpec, path: string): string[] {
    const seen = new Map<string, string>();
    return items(spec.containers).flatMap((container, containerIndex) =>
        items(container.ports).flatMap((port, index) => {
            const portPath = `${path}.containers[${containerIndex}].ports[${index}]`;
            const key = `${port.containerPort}/${port.protocol ?? 'TCP'}/${port.hostPort ?? 0}/${port.hostIP ?? ''}`;
            const earlier = seen.get(key);
            if (earlier === undefined) {
                seen.set(key, portPath);
                return [];
            }
            return [`${portPath}: duplicate port definition with ${earlier}`];
        }),
    );
}

function graceWarnings(spec: V1PodSpec, path: string): string[] {
    return (spec.terminationGracePeriodSeconds ?? 0) < 0
        ? [
              `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
          ]
        : [];
}

function hostAliasWarnings(spec: V1PodSpec, path: string): string[] {
    const seen = new Set<string>();
    return items(spec.hostAliases).flatMap(({ ip }, index) => {
        if (!seen.has(ip)) {
            seen.add(ip);
            return [];
        }
        return [`${path}.hostAliases[${index}].ip: duplicate ip "${ip}"`];
    });
}
