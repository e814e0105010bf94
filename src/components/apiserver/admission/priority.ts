import type { V1Pod, V1PodSpec, V1PriorityClass } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { priorityClasses } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { isFor } from './requests.ts';

/** The two classes that every cluster has. */
export const systemPriorityClasses: readonly V1PriorityClass[] = [
    {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: 'system-node-critical' },
        value: 2_000_001_000,
        description: 'Used for system critical pods that must not be moved from their current node.',
        preemptionPolicy: 'PreemptLowerPriority',
    },
    {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: 'system-cluster-critical' },
        value: 2_000_000_000,
        description:
            'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
        preemptionPolicy: 'PreemptLowerPriority',
    },
];

/** Creates the system's priority classes where they are missing. */
export async function reconcileSystemPriorityClasses(client: Client): Promise<void> {
    const resource = client.resource(priorityClasses);
    const present = new Set((await resource.list()).items.map(({ metadata }) => metadata.name));
    for (const item of systemPriorityClasses) {
        if (present.has(item.metadata?.name ?? '')) continue;
        try {
            await resource.create(item);
        } catch (error) {
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
    }
}

/** Turns a pod's priority class into its priority, and keeps the default class unique. */
export function priority({ reader }: PluginContext): AdmissionPlugin {
    const defaultClass = () =>
        reader
            .list<V1PriorityClass>(priorityClasses)
            .filter(({ globalDefault }) => globalDefault)
            .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
    return {
        name: 'Priority',
        handles: (request) =>
            isFor(request, 'pods', 'CREATE', 'UPDATE') ||
            isFor(request, 'priorityclasses.scheduling.k8s.io', 'CREATE', 'UPDATE'),
        mutate(request) {
            if (request.definition.plural !== 'pods') return;
            const { spec } = request.object as V1Pod;
            if (spec === undefined) return;
            if (request.operation === 'UPDATE') keepPriority(spec, (request.oldObject as V1Pod).spec);
            else setPriority(request, spec, classOf(request, spec));
        },
        validate(request) {
            if (request.definition.plural !== 'priorityclasses') return;
            const { globalDefault, metadata } = request.object as V1PriorityClass;
            const current = globalDefault === true ? defaultClass() : undefined;
            if (current === undefined || current.metadata.name === metadata?.name) return;
            throw forbidden(
                request,
                `PriorityClass ${current.metadata.name} is already marked as default. Only one default can exist`,
            );
        },
    };

    function classOf(request: AdmissionRequest, spec: V1PodSpec): V1PriorityClass {
        const name = spec.priorityClassName;
        if (!name) return defaultClass() ?? { value: 0, preemptionPolicy: 'PreemptLowerPriority' };
        const found =
            reader.get<V1PriorityClass>(priorityClasses, '', name) ??
            systemPriorityClasses.find(({ metadata }) => metadata?.name === name);
        if (found === undefined) throw forbidden(request, `no PriorityClass with name ${name} was found`);
        return found;
    }
}

function setPriority(request: AdmissionRequest, spec: V1PodSpec, chosen: V1PriorityClass): void {
    const { value = 0, preemptionPolicy = 'PreemptLowerPriority' } = chosen;
    if (spec.priority !== undefined && spec.priority !== value) {
        throw forbidden(
            request,
            `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        );
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
        throw forbidden(
            request,
            `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
        );
    }
    if (chosen.metadata?.name !== undefined) spec.priorityClassName = chosen.metadata.name;
    spec.priority = value;
    spec.preemptionPolicy = preemptionPolicy;
}

/** An update that leaves the computed fields out means them unchanged. */
function keepPriority(spec: V1PodSpec, old: V1PodSpec | undefined): void {
    if (spec.priority === undefined && old?.priority !== undefined) spec.priority = old.priority;
    if (spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined) {
        spec.preemptionPolicy = old.preemptionPolicy;
    }
}
