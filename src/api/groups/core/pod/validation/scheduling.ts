import { deepEqual } from '../../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isLabelValue } from '../../../../meta/names.ts';
import type {
    V1PodSchedulingGate,
    V1Toleration,
    V1TopologySpreadConstraint,
} from '../../../../meta/object.ts';
import { each, isBlank, items, oneOf, optionalOneOf, qualifiedName } from '../../../validation/basic.ts';
import { validateLabelSelector } from '../../../validation/labels.ts';
import { validateLabelKeys } from './label-keys.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const tolerationOperators = ['Equal', 'Exists'];

export function validateTolerations(tolerations: V1Toleration[] | undefined, path: string): FieldError[] {
    return each(tolerations, path, (toleration, itemPath) => {
        const { key, operator, effect, tolerationSeconds } = toleration;
        const errors = isBlank(key) ? [] : qualifiedName(key, `${itemPath}.key`);
        if (isBlank(key) && operator !== 'Exists') {
            const detail =
                'operator must be Exists when `key` is empty, which means "match all values and all keys"';
            errors.push(fieldErrors.invalid(`${itemPath}.operator`, operator ?? '', detail));
        }
        if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
            const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(fieldErrors.invalid(`${itemPath}.effect`, effect ?? '', detail));
        }
        return [
            ...errors,
            ...validateOperator(toleration, `${itemPath}.operator`),
            ...(isBlank(effect) ? [] : oneOf(effect, `${itemPath}.effect`, taintEffects)),
        ];
    });
}

function validateOperator({ operator = '', value = '' }: V1Toleration, path: string): FieldError[] {
    switch (operator) {
        case '':
        case 'Equal': {
            const messages = isLabelValue(value);
            return messages.length === 0 ? [] : [fieldErrors.invalid(path, value, messages.join(';'))];
        }
        case 'Exists': {
            const detail = "value must be empty when `operator` is 'Exists'";
            return value === '' ? [] : [fieldErrors.invalid(path, value, detail)];
        }
        default:
            return [fieldErrors.notSupported(path, operator, tolerationOperators)];
    }
}

const whenUnsatisfiable = ['DoNotSchedule', 'ScheduleAnyway'];
const inclusionPolicies = ['Honor', 'Ignore'];

export function validateTopologySpread(
    constraints: V1TopologySpreadConstraint[] | undefined,
    path: string,
): FieldError[] {
    return each(constraints, path, (constraint, itemPath, index) => {
        const { maxSkew, minDomains, topologyKey } = constraint;
        const errors: FieldError[] = [];
        if (!(maxSkew > 0)) {
            errors.push(fieldErrors.invalid(`${itemPath}.maxSkew`, maxSkew, 'must be greater than zero'));
        }
        if (isBlank(topologyKey)) {
            errors.push(fieldErrors.required(`${itemPath}.topologyKey`, 'can not be empty'));
        }
        errors.push(
            ...oneOf(constraint.whenUnsatisfiable, `${itemPath}.whenUnsatisfiable`, whenUnsatisfiable),
        );
        const isRepeated = items(constraints)
            .slice(index + 1)
            .some(
                (other) =>
                    other.topologyKey === topologyKey &&
                    other.whenUnsatisfiable === constraint.whenUnsatisfiable,
            );
        if (isRepeated) {
            const key = `{${topologyKey}, ${constraint.whenUnsatisfiable}}`;
            errors.push(fieldErrors.duplicate(`${itemPath}.{topologyKey, whenUnsatisfiable}`, key));
        }
        return [
            ...errors,
            ...validateMinDomains(minDomains, constraint.whenUnsatisfiable, `${itemPath}.minDomains`),
            ...optionalOneOf(
                constraint.nodeAffinityPolicy,
                `${itemPath}.nodeAffinityPolicy`,
                inclusionPolicies,
            ),
            ...optionalOneOf(constraint.nodeTaintsPolicy, `${itemPath}.nodeTaintsPolicy`, inclusionPolicies),
            ...validateLabelKeys(constraint, itemPath),
            ...validateLabelSelector(constraint.labelSelector, `${itemPath}.labelSelector`),
        ];
    });
}

function validateMinDomains(minDomains: number | undefined, action: string, path: string): FieldError[] {
    if (minDomains === undefined) return [];
    const errors: FieldError[] = [];
    if (minDomains <= 0) errors.push(fieldErrors.invalid(path, minDomains, 'must be greater than zero'));
    if (action !== 'DoNotSchedule') {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
        errors.push(fieldErrors.invalid(path, minDomains, detail));
    }
    return errors;
}

export function validateSchedulingGates(
    gates: V1PodSchedulingGate[] | undefined,
    path: string,
): FieldError[] {
    const names = new Set<string>();
    return each(gates, path, ({ name }, itemPath) => {
        const errors = qualifiedName(name, itemPath);
        if (names.has(name)) errors.push(fieldErrors.duplicate(itemPath, name));
        names.add(name);
        return errors;
    });
}

/** Tolerations of a running pod may be added, and their seconds may change. */
export function validateOnlyAddedTolerations(
    tolerations: V1Toleration[] | undefined,
    old: V1Toleration[] | undefined,
    path: string,
): FieldError[] {
    const isKept = (before: V1Toleration) =>
        items(tolerations).some((now) =>
            deepEqual({ ...before, tolerationSeconds: undefined }, { ...now, tolerationSeconds: undefined }),
        );
    return items(old).every(isKept)
        ? validateTolerations(tolerations, path)
        : [
              fieldErrors.forbidden(
                  path,
                  'existing toleration can not be modified except its tolerationSeconds',
              ),
          ];
}

/** Scheduling gates may only go. */
export function validateOnlyDeletedGates(
    gates: V1PodSchedulingGate[] | undefined,
    old: V1PodSchedulingGate[] | undefined,
    path: string,
): FieldError[] {
    const before = new Set(items(old).map((gate) => gate.name));
    return each(gates, path, ({ name }, itemPath) =>
        before.has(name)
            ? []
            : [
                  fieldErrors.forbidden(
                      `${itemPath}.name`,
                      `only deletion is allowed, but found new scheduling gate '${name}'`,
                  ),
              ],
    );
}
