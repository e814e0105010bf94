import type { V1EphemeralContainer, V1Pod, V1PodSpec, V1PodTemplateSpec } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';
import { allowsOvercommit, isHugePages } from '../../validation/resources.ts';
import { aggregateResources, isPodLevelResource } from './aggregate-resources.ts';
import { defaultContainer, defaultEphemeralContainer } from './container-defaults.ts';
import { defaultVolume } from './volume-defaults.ts';

/** Seconds a pod has between SIGTERM and SIGKILL when it does not say. */
export const terminationGraceSecondsDefault = 30;

export function defaultPod(pod: V1Pod): void {
    pod.spec ??= { containers: [] };
    const { spec } = pod;
    spec.enableServiceLinks ??= true;
    for (const container of [...items(spec.containers), ...items(spec.initContainers)]) {
        requestsFromLimits(container.resources);
    }
    defaultPodResources(spec);
    if (spec.hostNetwork === true) defaultHostPorts(spec);
    defaultPodSpec(spec);
}

/** Defaults of a template: those of a pod, less what is only decided when a pod is made from it. */
export function defaultPodTemplate(template: V1PodTemplateSpec | undefined): void {
    if (template === undefined) return;
    template.metadata ??= {};
    template.spec ??= { containers: [] };
    defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: V1PodSpec): void {
    spec.dnsPolicy ??= 'ClusterFirst';
    spec.restartPolicy ??= 'Always';
    spec.schedulerName ??= 'default-scheduler';
    spec.securityContext ??= {};
    spec.terminationGracePeriodSeconds ??= terminationGraceSecondsDefault;
    // The older name of the field and the newer one are kept equal in both directions.
    const account = spec.serviceAccountName ?? spec.serviceAccount;
    if (account !== undefined) {
        spec.serviceAccountName = account;
        spec.serviceAccount = account;
    }
    for (const container of items(spec.containers)) defaultContainer(container);
    for (const container of items(spec.initContainers)) defaultContainer(container);
    for (const container of items<V1EphemeralContainer>(spec.ephemeralContainers)) {
        defaultEphemeralContainer(container);
    }
    for (const volume of items(spec.volumes)) defaultVolume(volume);
}

interface Resources {
    limits?: Record<string, string> | undefined;
    requests?: Record<string, string> | undefined;
}

/** A limit without a request is also the request. */
function requestsFromLimits(resources: Resources | undefined): void {
    if (resources?.limits === undefined) return;
    for (const [name, limit] of Object.entries(resources.limits)) {
        resources.requests ??= {};
        resources.requests[name] ??= limit;
    }
}

/**
 * A pod that says something of its resources as a whole takes the rest from its containers: limits of
 * huge pages, and requests of what may be overcommitted. A limit is the request of what nobody requests.
 */
function defaultPodResources(spec: V1PodSpec): void {
    const { resources } = spec;
    if (resources === undefined) return;
    defaultHugePageLimits(spec, resources);
    if (Object.keys(resources.limits ?? {}).length === 0) return;
    const requests = { ...resources.requests };
    for (const [name, quantity] of Object.entries(aggregateResources(spec, 'requests'))) {
        if (isPodLevelResource(name) && allowsOvercommit(name)) requests[name] ??= quantity;
    }
    for (const [name, quantity] of Object.entries(resources.limits ?? {})) {
        if (isPodLevelResource(name)) requests[name] ??= quantity;
    }
    if (Object.keys(requests).length > 0) resources.requests = requests;
}

function defaultHugePageLimits(spec: V1PodSpec, resources: Resources): void {
    const { limits, requests } = resources;
    if (Object.keys({ ...limits, ...requests }).length === 0) return;
    for (const [name, quantity] of Object.entries(aggregateResources(spec, 'limits'))) {
        if (!isHugePages(name) || requests?.[name] !== undefined) continue;
        resources.limits ??= {};
        resources.limits[name] ??= quantity;
    }
}

function defaultHostPorts(spec: V1PodSpec): void {
    for (const container of [...items(spec.containers), ...items(spec.initContainers)]) {
        for (const port of items(container.ports)) port.hostPort ??= port.containerPort;
    }
}
