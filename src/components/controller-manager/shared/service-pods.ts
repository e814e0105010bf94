import { deepEqual } from '../../../api/meta/deep.ts';
import {
    objectKey,
    type Stored,
    type V1Pod,
    type V1Service,
    type V1ServicePort,
} from '../../../api/meta/object.ts';
import { setMatcher } from '../../../api/meta/selectors.ts';
import type { InformerHandler, Lister } from '../../../client/informer.ts';
import { isPodReady } from './pod-status.ts';

/** True for Services whose endpoints follow from pods. */
export function selectsPods({ spec }: V1Service): boolean {
    return spec?.type !== 'ExternalName' && spec?.selector !== undefined;
}

export const isHeadless = ({ spec }: V1Service): boolean => spec?.clusterIP === 'None';

/** The pods of the Service's namespace that its selector chooses. An empty selector chooses all. */
export function podsOfService(service: Stored<V1Service>, pods: Lister<V1Pod>): Stored<V1Pod>[] {
    const matcher = setMatcher(service.spec?.selector ?? {});
    return pods.list(service.metadata.namespace).filter((pod) => matcher.matches(pod.metadata.labels));
}

/** False for pods that are over, have no address, or (unless asked for) are on their way out. */
export function belongsInEndpoints(pod: V1Pod, includeTerminating: boolean): boolean {
    const { phase, podIP, podIPs } = pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') return false;
    if (!podIP && (podIPs ?? []).length === 0) return false;
    return includeTerminating || pod.metadata?.deletionTimestamp === undefined;
}

/** Pods of a headless Service that is their subdomain are published under their own name. */
export function publishesHostname(pod: V1Pod, service: V1Service): boolean {
    return (
        Boolean(pod.spec?.hostname) &&
        pod.spec?.subdomain === service.metadata?.name &&
        pod.metadata?.namespace === service.metadata?.namespace
    );
}

/** The number that a Service port leads to on this pod; undefined when it has no port of that name. */
export function targetPortOf(pod: V1Pod, port: V1ServicePort): number | undefined {
    const target = port.targetPort ?? port.port;
    if (typeof target === 'number') return target;
    const sidecars = (pod.spec?.initContainers ?? []).filter(
        ({ restartPolicy }) => restartPolicy === 'Always',
    );
    for (const { ports } of [...(pod.spec?.containers ?? []), ...sidecars]) {
        const found = ports?.find(
            ({ name, protocol }) => name === target && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
        );
        if (found !== undefined) return found.containerPort;
    }
    return undefined;
}

/** Calls back with the keys of the Services that a change of a pod concerns. */
export function servicesOfPodEvents(
    services: Lister<V1Service>,
    enqueue: (serviceKey: string) => void,
): InformerHandler<V1Pod> {
    const matching = (pod: Stored<V1Pod>): string[] =>
        services
            .list(pod.metadata.namespace)
            .filter(
                (service) =>
                    service.spec?.selector !== undefined &&
                    setMatcher(service.spec.selector).matches(pod.metadata.labels),
            )
            .map(objectKey);
    const all = (pod: Stored<V1Pod>): void => matching(pod).forEach(enqueue);
    return {
        added: all,
        deleted: all,
        updated: (pod, old) => {
            const endpointChanged = !deepEqual(endpointView(pod), endpointView(old));
            const labelsChanged = !deepEqual(labelView(pod), labelView(old));
            if (!endpointChanged && !labelsChanged) return;
            const [now, before] = [matching(pod), labelsChanged ? matching(old) : []];
            if (endpointChanged) {
                for (const key of new Set([...now, ...before])) enqueue(key);
                return;
            }
            // Only who gained or lost the pod has anything to do.
            for (const key of now) if (!before.includes(key)) enqueue(key);
            for (const key of before) if (!now.includes(key)) enqueue(key);
        },
    };
}

/** What of a pod shows in endpoints. */
const endpointView = (pod: V1Pod): unknown => [
    pod.metadata?.uid,
    pod.metadata?.deletionTimestamp === undefined,
    isPodReady(pod),
    belongsInEndpoints(pod, true),
    pod.status?.podIPs,
    pod.spec?.nodeName,
];

const labelView = ({ metadata, spec }: V1Pod): unknown => [metadata?.labels, spec?.hostname, spec?.subdomain];
