import type { ContainerConfig, PodIdentity, PodSandboxConfig } from './runtime.ts';

/** Labels as upstream's dockershim wrote them: the kubelet finds its containers by these after a restart. */
export const labels = {
    podName: 'io.kubernetes.pod.name',
    podNamespace: 'io.kubernetes.pod.namespace',
    podUid: 'io.kubernetes.pod.uid',
    containerName: 'io.kubernetes.container.name',
    type: 'io.kubernetes.docker.type',
    sandboxId: 'io.kubernetes.sandbox.id',
    annotationPrefix: 'annotation.',
} as const;
export const sandboxType = 'podsandbox';
export const containerType = 'container';

/** The "container name" of a sandbox in Docker names. */
export const sandboxContainerName = 'POD';
const prefix = 'k8s';
const internalLabels: ReadonlySet<string> = new Set([labels.type, labels.sandboxId]);

export function sandboxName({ pod, attempt }: Pick<PodSandboxConfig, 'pod' | 'attempt'>): string {
    return [prefix, sandboxContainerName, pod.name, pod.namespace, pod.uid, attempt].join('_');
}

export function containerName(
    pod: PodIdentity,
    { name, attempt }: Pick<ContainerConfig, 'name' | 'attempt'>,
): string {
    return [prefix, name, pod.name, pod.namespace, pod.uid, attempt].join('_');
}

/** The attempt in a Docker name; 0 for a name that is not ours. A conflict suffix (a 7th part) is ignored. */
export function attemptOf(dockerName: string): number {
    const parts = dockerName.replace(/^\//, '').split('_');
    const attempt = Number(parts[5]);
    return parts[0] === prefix && Number.isSafeInteger(attempt) ? attempt : 0;
}

export function sandboxLabels(config: PodSandboxConfig): Record<string, string> {
    return {
        ...config.labels,
        ...prefixed(config.annotations),
        ...podLabels(config.pod),
        [labels.containerName]: sandboxContainerName,
        [labels.type]: sandboxType,
    };
}

export function containerLabels(
    config: Pick<ContainerConfig, 'name' | 'labels' | 'annotations'>,
    pod: PodIdentity,
    sandboxId: string,
): Record<string, string> {
    return {
        ...config.labels,
        ...prefixed(config.annotations),
        ...podLabels(pod),
        [labels.containerName]: config.name,
        [labels.type]: containerType,
        [labels.sandboxId]: sandboxId,
    };
}

/** The inverse: what the kubelet gave as labels (with the pod's identity) and as annotations. */
export function splitLabels(all: Readonly<Record<string, string>>): {
    labels: Record<string, string>;
    annotations: Record<string, string>;
} {
    const own: Record<string, string> = {};
    const annotations: Record<string, string> = {};
    for (const [key, value] of Object.entries(all)) {
        if (key.startsWith(labels.annotationPrefix))
            annotations[key.slice(labels.annotationPrefix.length)] = value;
        else if (!internalLabels.has(key)) own[key] = value;
    }
    return { labels: own, annotations };
}

export function podOf(all: Readonly<Record<string, string>>): PodIdentity {
    return {
        name: all[labels.podName] ?? '',
        namespace: all[labels.podNamespace] ?? '',
        uid: all[labels.podUid] ?? '',
    };
}

function podLabels(pod: PodIdentity): Record<string, string> {
    return {
        [labels.podName]: pod.name,
        [labels.podNamespace]: pod.namespace,
        [labels.podUid]: pod.uid,
    };
}

function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [labels.annotationPrefix + key, value]),
    );
}
