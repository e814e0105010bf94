import type { V1NodeSelectorRequirement, V1NodeSelectorTerm, V1PodSpec } from './object.ts';

/** What node selectors look at. */
export interface SelectableNode {
    name: string;
    labels: Readonly<Record<string, string>>;
}

/** True when the node is one that the pod's nodeSelector and required node affinity allow. */
export function allowsNode({ nodeSelector, affinity }: V1PodSpec, node: SelectableNode): boolean {
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return (
        Object.entries(nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value) &&
        (required === undefined || required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node)))
    );
}

/** All requirements of a term must hold; an empty term matches nothing. */
export function matchesNodeTerm(
    { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
    { name, labels }: SelectableNode,
): boolean {
    if (matchExpressions.length === 0 && matchFields.length === 0) return false;
    return (
        matchExpressions.every((requirement) => holds(requirement, labels[requirement.key])) &&
        matchFields.every((requirement) =>
            holds(requirement, requirement.key === 'metadata.name' ? name : undefined),
        )
    );
}

function holds({ operator, values = [] }: V1NodeSelectorRequirement, value: string | undefined): boolean {
    switch (operator) {
        case 'In':
            return value !== undefined && values.includes(value);
        case 'NotIn':
            return value === undefined || !values.includes(value);
        case 'Exists':
            return value !== undefined;
        case 'DoesNotExist':
            return value === undefined;
        case 'Gt':
            return value !== undefined && Number(value) > Number(values[0]);
        case 'Lt':
            return value !== undefined && Number(value) < Number(values[0]);
        default:
            return false;
    }
}
