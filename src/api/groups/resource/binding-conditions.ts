import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { each, items, qualifiedName } from '../validation/basic.ts';
import { boundedList, repeated } from './bounded.ts';
import { limits } from './limits.ts';

interface BindingConditions {
    bindingConditions?: string[] | undefined;
    bindingFailureConditions?: string[] | undefined;
}

/** What a pod waits for before it is bound, and what ends the wait: both or none, and nothing in both. */
export function validateBindingConditions(
    { bindingConditions: awaited, bindingFailureConditions: failures }: BindingConditions,
    path: string,
): FieldError[] {
    const awaitedPath = `${path}.bindingConditions`;
    const failuresPath = `${path}.bindingFailureConditions`;
    const list = { max: limits.bindingConditionsMax, check: qualifiedName };
    const errors = [
        ...boundedList(awaited, awaitedPath, list),
        ...boundedList(failures, failuresPath, list),
        ...repeated(awaited, awaitedPath, (condition) => condition),
        ...repeated(failures, failuresPath, (condition) => condition),
        ...each(failures, failuresPath, (condition, itemPath) =>
            items(awaited).includes(condition) ? [fieldErrors.invalid(itemPath, condition, overlap)] : [],
        ),
    ];
    if (items(awaited).length === 0 && items(failures).length > 0) {
        const detail = 'bindingConditions are required to use bindingFailureConditions';
        errors.push(fieldErrors.invalid(awaitedPath, awaited ?? null, detail));
    }
    if (items(failures).length === 0 && items(awaited).length > 0) {
        const detail = 'bindingFailureConditions are required to use bindingConditions';
        errors.push(fieldErrors.invalid(failuresPath, failures ?? null, detail));
    }
    return errors;
}

const overlap = 'bindingFailureConditions must not overlap with bindingConditions';
