import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { initContainersOf, isRestartableInit } from './pod.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export function podRestartPolicy(pod: V1Pod): RestartPolicy {
    const policy = pod.spec?.restartPolicy;
    return policy === 'Never' || policy === 'OnFailure' ? policy : 'Always';
}

/** True when a container that failed is started again. */
export function restartsOnFailure(pod: V1Pod): boolean {
    return podRestartPolicy(pod) !== 'Never';
}

function containerPolicy(pod: V1Pod, container: V1Container): RestartPolicy {
    const own = container.restartPolicy;
    if (own === 'Always' || own === 'OnFailure' || own === 'Never') return own;
    const policy = podRestartPolicy(pod);
    const isInit = initContainersOf(pod).some(({ name }) => name === container.name);
    return isInit && policy === 'Always' ? 'OnFailure' : policy;
}

/** What the policies say about a container that exited with `exitCode`, the container's rules first. */
export function restartsAfterExit(pod: V1Pod, container: V1Container, exitCode: number): boolean {
    for (const rule of container.restartPolicyRules ?? []) {
        const values = rule.exitCodes?.values ?? [];
        const matches =
            rule.exitCodes?.operator === 'NotIn' ? !values.includes(exitCode) : values.includes(exitCode);
        if (matches && rule.action === 'Restart') return true;
    }
    const policy = containerPolicy(pod, container);
    return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/**
 * True when the next sync of the pod starts this container. `status` is the container's newest instance,
 * undefined when it never had one.
 */
export function shouldBeRestarted(
    pod: V1Pod,
    container: V1Container,
    status: ContainerStatus | undefined,
): boolean {
    if (pod.metadata?.deletionTimestamp !== undefined) return false;
    if (status === undefined) return true;
    switch (status.state) {
        case 'running':
            return false;
        case 'unknown':
            return true;
        case 'created':
            // Without an error the kubelet died between creating and starting it.
            return status.error === '' || restartsAfterExit(pod, container, status.exitCode || 128);
        case 'exited':
            return restartsAfterExit(pod, container, status.exitCode);
    }
}

/** Never restarted and without sidecars that are. */
export function isRestartableSidecar(pod: V1Pod, containerName: string): boolean {
    return initContainersOf(pod).some((c) => c.name === containerName && isRestartableInit(c));
}
