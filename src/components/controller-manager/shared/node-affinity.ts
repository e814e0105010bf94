import type {
    V1Node,
    V1NodeSelectorRequirement,
    V1NodeSelectorTerm,
    V1PodSpec,
} from '../../../api/meta/object.ts';

/** True when the node is one that the pod's nodeSelector and required node affinity allow. */
export function allowsNode({ nodeSelector, affinity }: V1PodSpec, node: V1Node): boolean {
    const labels = node.metadata?.labels ?? {};
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return (
        Object.entries(nodeSelector ?? {}).every(([key, value]) => labels[key] === value) &&
        (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)))
    );
}

/** All requirements of a term must hold; an empty term matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm, node: V1Node): boolean {
    if (matchExpressions.length === 0 && matchFields.length === 0) return false;
    const { labels = {}, name } = node.metadata ?? {};
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
