import type { V1Pod } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf, isHostNetwork, isRestartableInit } from '../pod/pod.ts';
import type { PortMapping } from '../runtime/runtime.ts';

/** Host ports that the pod's containers ask for; none in the host's network, where they bind themselves. */
export function portMappings(pod: V1Pod): PortMapping[] {
    if (isHostNetwork(pod)) return [];
    const containers = [...initContainersOf(pod).filter(isRestartableInit), ...containersOf(pod)];
    return containers
        .flatMap(({ ports }) => ports ?? [])
        .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
        .map(({ protocol, containerPort, hostPort, hostIP }) => ({
            protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
            containerPort,
            hostPort: hostPort ?? 0,
            hostIp: hostIP ?? '',
        }));
}
