import type { V1LabelSelector, V1Pod, V1PodAffinity } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';
import type { LabelKeys } from './validation/label-keys.ts';

/**
 * Writes the values that a new pod has for matchLabelKeys and mismatchLabelKeys into the selectors beside them:
 * "the same revision as mine" becomes a requirement that the scheduler can look up. A selector that is absent
 * matches nothing and stays so; a label that the pod lacks is left out.
 */
export function mergeLabelKeys(pod: V1Pod): void {
    const labels = pod.metadata?.labels ?? {};
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
    const terms: LabelKeys[] = [
        ...termsOf(podAffinity),
        ...termsOf(podAntiAffinity),
        ...items(pod.spec?.topologySpreadConstraints),
    ];
    for (const term of terms) {
        if (term.labelSelector === undefined) continue;
        addRequirements(term.labelSelector, term.matchLabelKeys, { operator: 'In', labels });
        addRequirements(term.labelSelector, term.mismatchLabelKeys, { operator: 'NotIn', labels });
    }
}

function termsOf(affinity: V1PodAffinity | undefined): LabelKeys[] {
    return [
        ...items(affinity?.preferredDuringSchedulingIgnoredDuringExecution).flatMap(
            ({ podAffinityTerm }: { podAffinityTerm?: LabelKeys }) => podAffinityTerm ?? [],
        ),
        ...items(affinity?.requiredDuringSchedulingIgnoredDuringExecution),
    ];
}

function addRequirements(
    selector: V1LabelSelector,
    keys: readonly string[] | undefined,
    { operator, labels }: { operator: 'In' | 'NotIn'; labels: Readonly<Record<string, string>> },
): void {
    for (const key of items(keys)) {
        const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
        if (value === undefined) continue;
        (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
    }
}
