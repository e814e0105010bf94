import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isLabelValue } from '../../meta/names.ts';
import type { V1DeviceTaint, V1DeviceToleration } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { formatErrors, isBlank, oneOf, optionalOneOf, qualifiedName } from '../validation/basic.ts';
import { boundedList } from './bounded.ts';
import { limits } from './limits.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];

function labelValue(value: string | undefined, path: string): FieldError[] {
    return formatErrors(value ?? '', path, isLabelValue(value ?? ''));
}

export function validateTaints(
    taints: readonly Incomplete<V1DeviceTaint>[] | undefined,
    path: string,
): FieldError[] {
    return boundedList(taints, path, {
        max: limits.taintsMax,
        check: ({ key, value, effect }, itemPath) => [
            ...qualifiedName(key, `${itemPath}.key`),
            ...labelValue(value, `${itemPath}.value`),
            ...oneOf(effect, `${itemPath}.effect`, effects),
        ],
    });
}

export function validateTolerations(
    tolerations: readonly Incomplete<V1DeviceToleration>[] | undefined,
    path: string,
): FieldError[] {
    return boundedList(tolerations, path, {
        max: limits.tolerationsMax,
        check: ({ key, operator, value, effect }, itemPath) => [
            ...(isBlank(key) ? [] : qualifiedName(key, `${itemPath}.key`)),
            ...tolerationValue({ operator, value }, itemPath),
            ...(effect === '' ? [] : optionalOneOf(effect, `${itemPath}.effect`, effects)),
        ],
    });
}

function tolerationValue({ operator, value }: Incomplete<V1DeviceToleration>, path: string): FieldError[] {
    switch (operator) {
        case 'Exists': {
            const detail = 'must be empty for operator `Exists`';
            return isBlank(value) ? [] : [fieldErrors.invalid(`${path}.value`, value, detail)];
        }
        case 'Equal':
            return labelValue(value, `${path}.value`);
        default:
            return oneOf(operator, `${path}.operator`, ['Equal', 'Exists']);
    }
}
