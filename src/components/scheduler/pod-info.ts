import type { V1Pod, V1Toleration } from '../../api/meta/object.ts';
import { podAmounts, type ResourceAmounts } from '../../api/meta/pod-resources.ts';

/** A pod with what plugins ask of it again and again, computed once. */
export interface PodInfo {
    pod: V1Pod;
    requests: ResourceAmounts;
    tolerations: readonly V1Toleration[];
    /** "protocol|ip|port" of every host port. */
    hostPorts: readonly string[];
}

export function podInfo(pod: V1Pod): PodInfo {
    return {
        pod,
        requests: podAmounts(pod, 'requests'),
        tolerations: pod.spec?.tolerations ?? [],
        hostPorts: hostPorts(pod),
    };
}

function hostPorts(pod: V1Pod): string[] {
    const sidecars = (pod.spec?.initContainers ?? []).filter(
        (container) => container.restartPolicy === 'Always',
    );
    return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
        (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
            hostPort ? [`${protocol ?? 'TCP'}|${hostIP || '0.0.0.0'}|${hostPort}`] : [],
        ),
    );
}
