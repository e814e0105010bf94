import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1PriorityClass } from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { oneOf } from '../validation/basic.ts';

/** Highest value that users may give; above are the classes of the system. */
const userPriorityMax = 1_000_000_000;
const systemPrefix = 'system-';
/** Classes of the system, with what they are worth. */
export const systemPriorityClasses: Readonly<Record<string, number>> = {
    'system-cluster-critical': 2_000_000_000,
    'system-node-critical': 2_000_001_000,
};

function validateClass({ metadata, value = 0, preemptionPolicy }: V1PriorityClass): FieldError[] {
    const name = metadata?.name ?? '';
    const errors = oneOf(preemptionPolicy, 'preemptionPolicy', ['Never', 'PreemptLowerPriority']);
    if (name.startsWith(systemPrefix)) {
        if (systemPriorityClasses[name] !== value) {
            const detail = "priority class names with 'system-' prefix are reserved for system use only";
            errors.push(
                fieldErrors.forbidden(
                    'metadata.name',
                    `${detail}. error: ${name} is not a known system priority class or has another value`,
                ),
            );
        }
    } else if (value > userPriorityMax) {
        const detail = `maximum allowed value of a user defined priority is ${userPriorityMax}`;
        errors.push(fieldErrors.forbidden('value', detail));
    }
    return errors;
}

const priorityClassStrategy: Strategy<V1PriorityClass> = {
    hasGeneration: false,
    defaults(priorityClass) {
        priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    prepareForCreate(priorityClass) {
        priorityClass.metadata ??= {};
        priorityClass.metadata.generation = 1;
    },
    validate: validateClass,
    validateUpdate(priorityClass, old) {
        const errors: FieldError[] = [];
        if ((priorityClass.value ?? 0) !== (old.value ?? 0)) {
            errors.push(fieldErrors.forbidden('value', 'may not be changed in an update.'));
        }
        if (priorityClass.preemptionPolicy !== old.preemptionPolicy) {
            const detail = 'field is immutable';
            errors.push(fieldErrors.invalid('preemptionPolicy', priorityClass.preemptionPolicy, detail));
        }
        return errors;
    },
    columns: [
        nameColumn,
        integerColumn<V1PriorityClass>('Value', ({ value }) => value),
        column('Global-Default', ({ globalDefault }) => globalDefault ?? false, { type: 'boolean' }),
        ageColumn,
        column('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
    ],
};

export const schedulingStrategies: Readonly<Record<string, Strategy>> = {
    priorityclasses: priorityClassStrategy,
};
