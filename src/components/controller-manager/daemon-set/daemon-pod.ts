import type { Stored, V1Affinity, V1DaemonSet, V1Pod, V1PodTemplateSpec } from '../../../api/meta/object.ts';
import { scaledValue } from '../../../api/meta/int-or-string.ts';
import { daemonTolerations } from './tolerations.ts';

export type DaemonSet = Stored<V1DaemonSet>;
export type DaemonPod = Stored<V1Pod>;
export type PodsByNode = ReadonlyMap<string, readonly DaemonPod[]>;

export const revisionHashLabel = 'controller-revision-hash';
const generationAnnotation = 'deprecated.daemonset.template.generation';
const generationLabel = 'pod-template-generation';

/** The template of the pod for one node: the scheduler binds it there, and nowhere else. */
export function templateForNode(
    { spec, metadata }: V1DaemonSet,
    { node, hash }: { node: string; hash: string },
): V1PodTemplateSpec {
    const template = spec?.template ?? {};
    const generation = metadata?.annotations?.[generationAnnotation];
    const labels = {
        ...template.metadata?.labels,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
        ...(hash === '' ? {} : { [revisionHashLabel]: hash }),
    };
    return {
        metadata: { ...template.metadata, labels },
        ...(template.spec === undefined
            ? {}
            : {
                  spec: {
                      ...template.spec,
                      tolerations: daemonTolerations(template.spec),
                      affinity: pinnedTo(node, template.spec.affinity),
                  },
              }),
    };
}

/** The node was chosen by the required terms; what counts from now on is its name. */
function pinnedTo(node: string, affinity: V1Affinity | undefined): V1Affinity {
    return {
        ...affinity,
        nodeAffinity: {
            ...affinity?.nodeAffinity,
            requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                    { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] },
                ],
            },
        },
    };
}

/** The node that a daemon pod runs on or is meant for; undefined for pods that were made otherwise. */
export function targetNode({ spec }: V1Pod): string | undefined {
    if (spec?.nodeName) return spec.nodeName;
    const terms =
        spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
    for (const { matchFields = [] } of terms) {
        for (const { key, operator, values = [] } of matchFields) {
            if (key === 'metadata.name' && operator === 'In' && values.length === 1) return values[0];
        }
    }
    return undefined;
}

/** Pods whose node is not known are left out. */
export function groupByNode(pods: readonly DaemonPod[]): Map<string, DaemonPod[]> {
    const groups = new Map<string, DaemonPod[]>();
    for (const pod of pods) {
        const node = targetNode(pod);
        if (node === undefined) continue;
        const group = groups.get(node);
        if (group === undefined) groups.set(node, [pod]);
        else group.push(pod);
    }
    return groups;
}

export const isUpdated = ({ metadata }: V1Pod, hash: string): boolean =>
    hash !== '' && metadata?.labels?.[revisionHashLabel] === hash;

/** Assigned pods first, then the oldest. */
export function byAssignmentAndAge(a: DaemonPod, b: DaemonPod): number {
    const assigned = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
    if (assigned !== 0) return assigned;
    const [ageA, ageB] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
    if (ageA !== ageB) return ageA < ageB ? -1 : 1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** How many nodes may go without their pod, and how many may have two, while pods are replaced. */
export function updateLimits({ spec }: V1DaemonSet, desired: number): { unavailable: number; surge: number } {
    const { type, rollingUpdate } = spec?.updateStrategy ?? {};
    if (type !== 'RollingUpdate') return { unavailable: 0, surge: 0 };
    const unavailable = scaledValue(rollingUpdate?.maxUnavailable ?? 1, desired, true);
    const surge = scaledValue(rollingUpdate?.maxSurge ?? 0, desired, true);
    // Neither would mean that nothing ever moves.
    return unavailable === 0 && surge === 0 ? { unavailable: 1, surge } : { unavailable, surge };
}

/** True when a node may have an old and a new pod for a while. */
export function allowsSurge({ spec }: V1DaemonSet): boolean {
    const { type, rollingUpdate } = spec?.updateStrategy ?? {};
    const surge = rollingUpdate?.maxSurge ?? 0;
    return (
        type === 'RollingUpdate' && (typeof surge === 'number' ? surge > 0 : scaledValue(surge, 1, true) > 0)
    );
}
