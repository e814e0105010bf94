import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { items } from '../validation/basic.ts';

/** Conditions of this group's objects: one of each type, and every type named. */
export function conditionErrors(
    conditions: readonly { type?: string | undefined }[] | undefined,
): FieldError[] {
    const seen = new Set<string>();
    return items(conditions).flatMap(({ type = '' }, index) => {
        const path = `status.conditions[${index}].type`;
        const errors = seen.has(type) ? [fieldErrors.duplicate(path, type)] : [];
        seen.add(type);
        return type === '' ? [...errors, fieldErrors.required(path, 'must not be empty')] : errors;
    });
}
