import type { V1Taint, V1Toleration } from './object.ts';

/** True when the toleration covers the taint: an empty key covers all, an empty effect each. */
export function tolerates({ effect, key, operator, value }: V1Toleration, taint: V1Taint): boolean {
    if (effect && effect !== taint.effect) return false;
    if (key && key !== taint.key) return false;
    switch (operator ?? '') {
        case '':
        case 'Equal':
            return (value ?? '') === (taint.value ?? '');
        case 'Exists':
            return true;
        default:
            return false;
    }
}

/** The first taint that none of the tolerations covers. */
export function untolerated(
    taints: readonly V1Taint[],
    tolerations: readonly V1Toleration[],
): V1Taint | undefined {
    return taints.find((taint) => !isTolerated(taint, tolerations));
}

/** True when one of the tolerations covers the taint. */
export function isTolerated(taint: V1Taint, tolerations: readonly V1Toleration[]): boolean {
    return tolerations.some((toleration) => tolerates(toleration, taint));
}
