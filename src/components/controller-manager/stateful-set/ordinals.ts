import type { V1Pod, V1StatefulSet } from '../../../api/meta/object.ts';

const podName = /^(.*)-(\d+)$/;
const ordinalMax = 2 ** 31 - 1;

/** The set's name and the ordinal that a pod's name stands for; undefined when it has no such form. */
export function parsePodName(name: string): { parent: string; ordinal: number } | undefined {
    const [, parent, digits] = podName.exec(name) ?? [];
    if (parent === undefined || digits === undefined) return undefined;
    const ordinal = Number(digits);
    return ordinal > ordinalMax ? undefined : { parent, ordinal };
}

export const podNameOf = (set: V1StatefulSet, ordinal: number): string =>
    `${set.metadata?.name ?? ''}-${ordinal}`;

/** -1 for a pod whose name has none. */
export const ordinalOf = (pod: V1Pod): number => parsePodName(pod.metadata?.name ?? '')?.ordinal ?? -1;

/** True when the pod's name is one that the set could have given. */
export const isMember = (set: V1StatefulSet, pod: V1Pod): boolean =>
    parsePodName(pod.metadata?.name ?? '')?.parent === set.metadata?.name;

export const startOrdinal = ({ spec }: V1StatefulSet): number => spec?.ordinals?.start ?? 0;

export const replicasOf = ({ spec }: V1StatefulSet): number => spec?.replicas ?? 1;

/** True for ordinals from the first to the last that the set is to have. */
export function isWanted(set: V1StatefulSet, ordinal: number): boolean {
    const start = startOrdinal(set);
    return ordinal >= start && ordinal < start + replicasOf(set);
}

/** The name of the claim that a pod has from a claim template. */
export const claimNameOf = (set: V1StatefulSet, template: string, ordinal: number): string =>
    `${template}-${podNameOf(set, ordinal)}`;
