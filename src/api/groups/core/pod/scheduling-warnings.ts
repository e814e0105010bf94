import type { V1PodAffinity, V1PodSpec } from '../../../meta/object.ts';
import { deprecatedNodeLabel, nodeSelectorTermWarnings } from '../../node-label-warnings.ts';
import { items } from '../../validation/basic.ts';

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
const matchesNothing = 'a null labelSelector results in matching no pod';

/** Labels of nodes that a pod asks for by a name of the past, and spreading that counts no pod. */
export function nodeLabelWarnings(spec: V1PodSpec, path: string): string[] {
    const { nodeAffinity } = spec.affinity ?? {};
    const affinityPath = `${path}.affinity.nodeAffinity`;
    return [
        ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
            const deprecated = deprecatedNodeLabel(key);
            return deprecated === undefined ? [] : [`${path}.nodeSelector[${key}]: ${deprecated}`];
        }),
        ...items(nodeAffinity?.[required]?.nodeSelectorTerms).flatMap((term, index) =>
            nodeSelectorTermWarnings(term, `${affinityPath}.${required}.nodeSelectorTerms[${index}]`),
        ),
        ...items(nodeAffinity?.[preferred]).flatMap(({ preference }, index) =>
            nodeSelectorTermWarnings(preference, `${affinityPath}.${preferred}[${index}].preference`, true),
        ),
        ...items(spec.topologySpreadConstraints).flatMap(({ topologyKey, labelSelector }, index) => {
            const at = `${path}.topologySpreadConstraints[${index}]`;
            const deprecated = deprecatedNodeLabel(topologyKey);
            return [
                ...(deprecated === undefined ? [] : [`${at}.topologyKey: ${topologyKey} is ${deprecated}`]),
                ...(labelSelector === undefined ? [`${at}.labelSelector: ${matchesNothing}`] : []),
            ];
        }),
    ];
}

/** Terms that select no pod at all. */
export function podAffinityWarnings({ affinity }: V1PodSpec, path: string): string[] {
    return [
        ...termWarnings(affinity?.podAffinity, `${path}.affinity.podAffinity`),
        ...termWarnings(affinity?.podAntiAffinity, `${path}.affinity.podAntiAffinity`),
    ];
}

function termWarnings(affinity: V1PodAffinity | undefined, path: string): string[] {
    return [
        ...items(affinity?.[required]).flatMap(({ labelSelector }, index) =>
            labelSelector === undefined
                ? [`${path}.${required}[${index}].labelSelector: ${matchesNothing}`]
                : [],
        ),
        ...items(affinity?.[preferred]).flatMap(({ podAffinityTerm }, index) =>
            (podAffinityTerm as typeof podAffinityTerm | undefined)?.labelSelector === undefined
                ? [`${path}.${preferred}[${index}].podAffinityTerm.labelSelector: ${matchesNothing}`]
                : [],
        ),
    ];
}
