import type {
    V1NodeSelector,
    V1NodeSelectorRequirement,
    V1NodeSelectorTerm,
} from '../../../api/meta/object.ts';
import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

/** nodeSelector and required node affinity filter; preferred affinity scores. */
export const nodeAffinity: Plugin = {
    name: 'NodeAffinity',
    weight: 2,
    retryOn: ['nodeAdded', 'nodeLabels'],
    prepare: (info) =>
        info.pod.spec?.nodeSelector === undefined && info.pod.spec?.affinity?.nodeAffinity === undefined
            ? 'skip'
            : undefined,
    filter(info, node) {
        const { nodeSelector, affinity } = info.pod.spec ?? {};
        const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
        const fits =
            Object.entries(nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value) &&
            (required === undefined || matchesNodeSelector(required, node));
        return fits
            ? undefined
            : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true };
    },
    score: (info, node) =>
        (info.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
            .filter(({ preference }) => matchesTerm(preference, node))
            .reduce((sum, { weight }) => sum + weight, 0),
};

/** Terms are alternatives, the requirements of one term must all hold; an empty term matches nothing. */
export function matchesNodeSelector(selector: V1NodeSelector, node: NodeInfo): boolean {
    return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(
    { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
    node: NodeInfo,
): boolean {
    if (matchExpressions.length === 0 && matchFields.length === 0) return false;
    return (
        matchExpressions.every((requirement) => holds(requirement, node.labels[requirement.key])) &&
        matchFields.every((requirement) =>
            holds(requirement, requirement.key === 'metadata.name' ? node.name : undefined),
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
