import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Condition } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { each, isBlank, qualifiedName } from './basic.ts';

const reasonBytesMax = 1024;
const messageBytesMax = 32 * 1024;
const reasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonPattern = new RegExp(`^(?:${reasonFormat})$`);
const reasonMessage =
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'" +
    " (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', " +
    `regex used for validation is '${reasonFormat}')`;

/** Conditions as metav1 has them: of one type each, with a reason and the time of the last change. */
export function validateConditions(
    conditions: readonly Incomplete<V1Condition>[] | undefined,
    path: string,
): FieldError[] {
    const types = new Set<string>();
    return each(conditions, path, (condition, itemPath) => {
        const { type = '' } = condition;
        const errors = types.has(type) ? [fieldErrors.duplicate(`${itemPath}.type`, type)] : [];
        types.add(type);
        return [...errors, ...validateCondition(condition, itemPath)];
    });
}

function validateCondition(condition: Incomplete<V1Condition>, path: string): FieldError[] {
    const { type, status = '', observedGeneration = 0, lastTransitionTime, message = '' } = condition;
    const statuses = ['False', 'True', 'Unknown'];
    const errors = qualifiedName(type, `${path}.type`);
    if (!statuses.includes(status)) {
        errors.push(fieldErrors.notSupported(`${path}.status`, status, statuses));
    }
    if (observedGeneration < 0) {
        const detail = 'must be greater than or equal to zero';
        errors.push(fieldErrors.invalid(`${path}.observedGeneration`, observedGeneration, detail));
    }
    if (isBlank(lastTransitionTime)) {
        errors.push(fieldErrors.required(`${path}.lastTransitionTime`, 'must be set'));
    }
    errors.push(...validateReason(condition.reason, `${path}.reason`));
    if (Buffer.byteLength(message) > messageBytesMax) {
        errors.push(fieldErrors.tooLong(`${path}.message`, messageBytesMax));
    }
    return errors;
}

function validateReason(reason: string | undefined, path: string): FieldError[] {
    if (reason === undefined || reason === '') return [fieldErrors.required(path, 'must be set')];
    return [
        ...(reasonPattern.test(reason) ? [] : [fieldErrors.invalid(path, reason, reasonMessage)]),
        ...(Buffer.byteLength(reason) > reasonBytesMax ? [fieldErrors.tooLong(path, reasonBytesMax)] : []),
    ];
}
