import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Condition } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { duplicates, each, isBlank, qualifiedName } from './basic.ts';

const reasonBytesMax = 1024;
const messageBytesMax = 32 * 1024;
const statuses = ['False', 'True', 'Unknown'];

const reasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonPattern = new RegExp(`^(?:${reasonFormat})$`);
const reasonMessage =
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'" +
    ` (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${reasonFormat}')`;

/** Conditions of the common type: one of each type, each complete (meta/v1/validation ValidateConditions). */
export function validateConditions(
    conditions: readonly Incomplete<V1Condition>[] | undefined,
    path: string,
): FieldError[] {
    return [
        ...duplicates(
            conditions,
            ({ type }) => type,
            (index) => `${path}[${index}].type`,
        ),
        ...each(conditions, path, validateCondition),
    ];
}

function validateCondition(condition: Incomplete<V1Condition>, path: string): FieldError[] {
    const { type, status = '', observedGeneration = 0, lastTransitionTime, reason, message = '' } = condition;
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
    errors.push(...validateReason(reason, `${path}.reason`));
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
