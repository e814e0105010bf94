import { isTolerated } from '../../../api/meta/tolerations.ts';
import type { Plugin } from '../framework.ts';

/** NoSchedule and NoExecute taints keep pods away that do not tolerate them; PreferNoSchedule makes a node worse. */
export const taintToleration: Plugin = {
    name: 'TaintToleration',
    weight: 3,
    normalise: 'reverse',
    retryOn: ['nodeAdded', 'nodeTaints'],
    filter(info, { taints }) {
        const untolerated = taints.find(
            (taint) =>
                (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
                !isTolerated(taint, info.tolerations),
        );
        if (untolerated === undefined) return undefined;
        const { key, value = '' } = untolerated;
        return { reasons: [`node(s) had untolerated taint {${key}: ${value}}`], unresolvable: true };
    },
    score: (info, { taints }) =>
        taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, info.tolerations))
            .length,
};
