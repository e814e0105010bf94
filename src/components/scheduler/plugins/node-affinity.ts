import { allowsNode, matchesNodeTerm } from '../../../api/meta/node-selector.ts';
import type { Plugin } from '../framework.ts';

/** nodeSelector and required node affinity filter; preferred affinity scores. */
export const nodeAffinity: Plugin = {
    name: 'NodeAffinity',
    weight: 2,
    retryOn: ['nodeAdded', 'nodeLabels'],
    prepare: (info) =>
        info.pod.spec?.nodeSelector === undefined && info.pod.spec?.affinity?.nodeAffinity === undefined
            ? 'skip'
            : undefined,
    filter: (info, node) =>
        info.pod.spec === undefined || allowsNode(info.pod.spec, node)
            ? undefined
            : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true },
    score: (info, node) =>
        (info.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
            .filter(({ preference }) => matchesNodeTerm(preference, node))
            .reduce((sum, { weight }) => sum + weight, 0),
};
