import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import type { PodIdentity } from '../runtime/runtime.ts';

/** Annotations with which the kubelet marks static pods and their mirrors (pkg/kubelet/types). */
export const configSourceAnnotation = 'kubernetes.io/config.source';
export const configMirrorAnnotation = 'kubernetes.io/config.mirror';
export const configHashAnnotation = 'kubernetes.io/config.hash';
export const configSeenAnnotation = 'kubernetes.io/config.seen';

export function podUid(pod: V1Pod): string {
    return pod.metadata?.uid ?? '';
}

export function podNamespace(pod: V1Pod): string {
    return pod.metadata?.namespace ?? 'default';
}

export function podName(pod: V1Pod): string {
    return pod.metadata?.name ?? '';
}

/** "namespace/name": what a static pod and its mirror have in common. */
export function podKey(pod: V1Pod): string {
    return `${podNamespace(pod)}/${podName(pod)}`;
}

/** "name_namespace(uid)": how upstream's kubelet names a pod in messages. */
export function formatPod(pod: V1Pod): string {
    return `${podName(pod)}_${podNamespace(pod)}(${podUid(pod)})`;
}

export function podIdentity(pod: V1Pod): PodIdentity {
    return { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) };
}

export function isMirrorPod(pod: V1Pod): boolean {
    return pod.metadata?.annotations?.[configMirrorAnnotation] !== undefined;
}

/** True for pods that come from a manifest of this node, not from the API. */
export function isStaticPod(pod: V1Pod): boolean {
    const source = pod.metadata?.annotations?.[configSourceAnnotation];
    return source !== undefined && source !== 'api' && !isMirrorPod(pod);
}

export function isHostNetwork(pod: V1Pod): boolean {
    return pod.spec?.hostNetwork === true;
}

export function containersOf(pod: V1Pod): V1Container[] {
    return pod.spec?.containers ?? [];
}

export function initContainersOf(pod: V1Pod): V1Container[] {
    return pod.spec?.initContainers ?? [];
}

export function ephemeralContainersOf(pod: V1Pod): V1Container[] {
    return pod.spec?.ephemeralContainers ?? [];
}

/** Init, regular and ephemeral containers, in this order. */
export function allContainersOf(pod: V1Pod): V1Container[] {
    return [...initContainersOf(pod), ...containersOf(pod), ...ephemeralContainersOf(pod)];
}

/** A sidecar: an init container that keeps running beside the regular ones. */
export function isRestartableInit(container: V1Container): boolean {
    return container.restartPolicy === 'Always';
}

/** "spec.containers{name}": the field that events about a container point to. */
export function containerFieldPath(pod: V1Pod, containerName: string): string {
    const has = (list: readonly V1Container[]) => list.some(({ name }) => name === containerName);
    if (has(initContainersOf(pod))) return `spec.initContainers{${containerName}}`;
    if (has(ephemeralContainersOf(pod))) return `spec.ephemeralContainers{${containerName}}`;
    return `spec.containers{${containerName}}`;
}

export function isTerminalPhase(phase: string | undefined): boolean {
    return phase === 'Succeeded' || phase === 'Failed';
}

/** Seconds a pod may take to stop: what its deletion asked for, else what its spec says. */
export function gracePeriodSeconds(pod: V1Pod): number {
    const wanted =
        pod.metadata?.deletionTimestamp === undefined
            ? pod.spec?.terminationGracePeriodSeconds
            : (pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds);
    return Math.max(wanted ?? defaultGracePeriodSeconds, 0);
}

const defaultGracePeriodSeconds = 30;
