import type { V1ObjectMeta, V1Pod, V1PodSpec, V1PodTemplateSpec } from '../../../meta/object.ts';
import { fractionalBytesWarnings } from '../../storage-warnings.ts';
import { items } from '../../validation/basic.ts';
import { ipWarnings } from '../../validation/ip-warnings.ts';
import { nameWarnings } from '../../workload-warnings.ts';
import { containerWarnings, type PodPaths } from './container-warnings.ts';
import { nodeLabelWarnings, podAffinityWarnings } from './scheduling-warnings.ts';
import { volumeWarnings } from './volume-warnings.ts';

const sysctlsMessage = 'non-functional in v1.11+; use the "sysctls" field instead';
const deprecatedAnnotations: Readonly<Record<string, string>> = {
    'scheduler.alpha.kubernetes.io/critical-pod':
        'non-functional in v1.16+; use the "priorityClassName" field instead',
    'security.alpha.kubernetes.io/sysctls': sysctlsMessage,
    'security.alpha.kubernetes.io/unsafe-sysctls': sysctlsMessage,
};

/**
 * What a client should hear about a pod that is valid and still doubtful (pkg/api/pod/warnings.go). Only when
 * it is made: updates are the business of programs.
 */
export function podWarnings(pod: V1Pod, old: V1Pod | undefined): string[] {
    if (old !== undefined) return [];
    const paths = { metadata: 'metadata', spec: 'spec' };
    return [...nameWarnings(pod, "in the Pod's hostname"), ...partsWarnings(pod.metadata, pod.spec, paths)];
}

export function podTemplateWarnings(template: V1PodTemplateSpec | undefined, path: string): string[] {
    const paths = { metadata: `${path}.metadata`, spec: `${path}.spec` };
    return partsWarnings(template?.metadata, template?.spec, paths);
}

function partsWarnings(
    metadata: V1ObjectMeta | undefined,
    spec: V1PodSpec | undefined,
    paths: PodPaths,
): string[] {
    if (spec === undefined) return [];
    const annotations = metadata?.annotations ?? {};
    return [
        ...nodeLabelWarnings(spec, paths.spec),
        ...Object.entries(deprecatedAnnotations)
            .filter(([key]) => annotations[key] !== undefined)
            .map(([key, why]) => `${paths.metadata}.annotations[${key}]: ${why}`),
        ...volumeWarnings(spec, paths.spec),
        ...hostAliasWarnings(spec, paths.spec),
        ...pullSecretWarnings(spec, paths.spec),
        ...['memory', 'ephemeral-storage'].flatMap((name) =>
            fractionalBytesWarnings(spec.overhead?.[name], `${paths.spec}.overhead[${name}]`),
        ),
        ...containerWarnings(spec, annotations, paths),
        ...graceWarnings(spec, paths.spec),
        ...podAffinityWarnings(spec, paths.spec),
        ...addressWarnings(spec, paths.spec),
    ];
}

function addressWarnings({ dnsConfig, hostAliases }: V1PodSpec, path: string): string[] {
    return [
        ...items(dnsConfig?.nameservers).flatMap((address, index) =>
            ipWarnings(address, `${path}.dnsConfig.nameservers[${index}]`),
        ),
        ...items(hostAliases).flatMap(({ ip }, index) => ipWarnings(ip, `${path}.hostAliases[${index}].ip`)),
    ];
}

/** Of a write to `status`: addresses of the pod and of its node. */
export function podStatusWarnings({ status }: V1Pod): string[] {
    return (['podIPs', 'hostIPs'] as const).flatMap((field) =>
        items(status?.[field]).flatMap(({ ip }, index) => ipWarnings(ip, `status.${field}[${index}].ip`)),
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

function pullSecretWarnings(spec: V1PodSpec, path: string): string[] {
    const seen = new Set<string>();
    const names = items(spec.imagePullSecrets).map(({ name = '' }) => name);
    const at = (index: number): string => `${path}.imagePullSecrets[${index}].name`;
    return [
        ...names.flatMap((name, index) => {
            if (seen.has(name)) return [`${at(index)}: duplicate name ${JSON.stringify(name)}`];
            seen.add(name);
            return [];
        }),
        ...names.flatMap((name, index) => (name === '' ? [`${at(index)}: invalid empty name ""`] : [])),
    ];
}
