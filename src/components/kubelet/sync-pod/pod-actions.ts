import type { V1Container } from '../../../api/meta/object.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { containerHash, hashAnnotation } from './container-hash.ts';

export type KillReason = 'livenessProbe' | 'startupProbe' | 'definitionChanged' | 'unknownState';

export interface ContainerKill {
    container: ContainerStatus;
    spec: V1Container;
    /** Text of the Killing event. */
    message: string;
    reason: KillReason;
}

/** What one sync of a pod has to do. Containers are named by their position in the spec. */
export interface PodActions {
    /** Stop all containers and the sandbox. */
    killPod: boolean;
    createSandbox: boolean;
    /** Attempt of the sandbox to create, or of the current one. */
    attempt: number;
    sandboxId: string | undefined;
    kill: ContainerKill[];
    startInit: number[];
    startEphemeral: number[];
    start: number[];
}

/** Results of probes by container id; undefined while a probe has not answered. */
export interface ProbeVerdicts {
    liveness(containerId: string): boolean | undefined;
    startup(containerId: string): boolean | undefined;
}

/** Why a running container must be replaced; undefined when it may stay. */
export function killVerdict(
    spec: V1Container,
    status: ContainerStatus,
    probes: ProbeVerdicts,
): { message: string; reason: KillReason } | undefined {
    const hash = status.annotations[hashAnnotation];
    if (hash !== undefined && hash !== containerHash(spec))
        return { message: `Container ${spec.name} definition changed`, reason: 'definitionChanged' };
    if (probes.liveness(status.id) === false)
        return { message: `Container ${spec.name} failed liveness probe`, reason: 'livenessProbe' };
    if (probes.startup(status.id) === false)
        return { message: `Container ${spec.name} failed startup probe`, reason: 'startupProbe' };
    return undefined;
}

export function unknownKill(container: ContainerStatus, spec: V1Container): ContainerKill {
    const message = `Container is in "unknown" state, try killing it before restart`;
    return { container, spec, message, reason: 'unknownState' };
}
