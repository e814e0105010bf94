import type { V1Taint, V1Toleration } from '../../../api/meta/object.ts';
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
                !tolerates(info.tolerations, taint),
        );
        if (untolerated === undefined) return undefined;
        const { key, value = '' } = untolerated;
        return { reasons: [`node(s) had untolerated taint {${key}: ${value}}`], unresolvable: true };
    },
    score: (info, { taints }) =>
        taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(info.tolerations, taint))
            .length,
};

/** True when one of the tolerations covers the taint. */
export function tolerates(tolerations: readonly V1Toleration[], taint: V1Taint): boolean {
    return tolerations.some(
        ({ key, operator = 'Equal', value, effect }) =>
            (!effect || effect === taint.effect) &&
            (!key || key === taint.key) &&
            (operator === 'Exists' ||
                (operator === 'Equal' && key !== undefined && (value ?? '') === (taint.value ?? ''))),
    );
}
