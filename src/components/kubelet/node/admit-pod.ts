import { quantityToMilli, quantityToNumber } from '../../../api/meta/quantity.ts';
import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf, isRestartableInit, isStaticPod } from '../pod/pod.ts';
import type { PodEnd } from '../pod-worker.ts';

export interface AdmitInput {
    pod: V1Pod;
    /** Pods of this node that have not ended, without `pod`. */
    others: readonly V1Pod[];
    allocatable: Readonly<Record<string, string>>;
    nodeLabels: Readonly<Record<string, string>>;
}

/** Why the node refuses a pod, in upstream's words; undefined when it takes it. */
export function admitPod({ pod, others, allocatable, nodeLabels }: AdmitInput): PodEnd | undefined {
    const resources = outOfResource(pod, others, allocatable);
    if (resources !== undefined) return resources;
    const selector = Object.entries(pod.spec?.nodeSelector ?? {});
    if (!isStaticPod(pod) && selector.some(([key, value]) => nodeLabels[key] !== value))
        return rejected(
            'NodeAffinity',
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        );
    if (portsTaken(pod, others))
        return rejected(
            'NodePorts',
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
        );
    return undefined;
}

function rejected(reason: string, message: string): PodEnd {
    return { reason, message: `Pod was rejected: ${message}` };
}

/** A request in milli-CPU, or in whole units for everything else. */
function amount(resource: string, quantity: string | undefined): number {
    if (quantity === undefined) return 0;
    return resource === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity);
}

function requestOf(container: V1Container, resource: string): number {
    const { requests, limits } = container.resources ?? {};
    return amount(resource, requests?.[resource] ?? limits?.[resource]);
}

/** What a pod asks for: the larger of its running phase and its largest init step, plus overhead. */
export function podRequest(pod: V1Pod, resource: string): number {
    let sidecars = 0;
    let largestInit = 0;
    for (const container of initContainersOf(pod)) {
        const request = requestOf(container, resource);
        if (isRestartableInit(container)) {
            sidecars += request;
            largestInit = Math.max(largestInit, sidecars);
        } else largestInit = Math.max(largestInit, sidecars + request);
    }
    const running = containersOf(pod).reduce(
        (sum, container) => sum + requestOf(container, resource),
        sidecars,
    );
    const podLevel = pod.spec?.resources?.requests?.[resource];
    const own = podLevel === undefined ? Math.max(running, largestInit) : amount(resource, podLevel);
    return own + amount(resource, pod.spec?.overhead?.[resource]);
}

function outOfResource(
    pod: V1Pod,
    others: readonly V1Pod[],
    allocatable: Readonly<Record<string, string>>,
): PodEnd | undefined {
    const maxPods = amount('pods', allocatable['pods']);
    if (others.length + 1 > maxPods)
        return rejected('OutOfpods', outOf('pods', { requested: 1, used: others.length, capacity: maxPods }));
    for (const resource of Object.keys(allocatable)) {
        if (resource === 'pods') continue;
        const requested = podRequest(pod, resource);
        if (requested === 0) continue;
        const used = others.reduce((sum, other) => sum + podRequest(other, resource), 0);
        const capacity = amount(resource, allocatable[resource]);
        if (requested + used > capacity)
            return rejected(`OutOf${resource}`, outOf(resource, { requested, used, capacity }));
    }
    return undefined;
}

function outOf(
    resource: string,
    { requested, used, capacity }: Record<'requested' | 'used' | 'capacity', number>,
): string {
    return `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
}

function hostPortsOf(pod: V1Pod): { port: number; protocol: string; ip: string }[] {
    return containersOf(pod)
        .flatMap(({ ports }) => ports ?? [])
        .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
        .map(({ hostPort, protocol, hostIP }) => ({
            port: hostPort ?? 0,
            protocol: protocol ?? 'TCP',
            ip: hostIP ? hostIP : '0.0.0.0',
        }));
}

function portsTaken(pod: V1Pod, others: readonly V1Pod[]): boolean {
    const taken = others.flatMap(hostPortsOf);
    return hostPortsOf(pod).some(({ port, protocol, ip }) =>
        taken.some(
            (other) =>
                other.port === port &&
                other.protocol === protocol &&
                (ip === other.ip || ip === '0.0.0.0' || other.ip === '0.0.0.0'),
        ),
    );
}
