import { compareQuantity } from '../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1LimitRange, V1LimitRangeItem } from '../../meta/object.ts';
import type { Strategy } from '../resource.ts';
import { duplicates, each, items, qualifiedName, required } from '../validation/basic.ts';
import { validateResourceName } from '../validation/resources.ts';

type Quantities = Record<string, string>;

/** Container limits: no default limit is the maximum, no default request the default limit, then the minimum. */
function defaultItem(item: V1LimitRangeItem): void {
    if (item.type !== 'Container') return;
    item.default ??= {};
    item.defaultRequest ??= {};
    fill(item.default, item.max);
    fill(item.defaultRequest, item.default);
    fill(item.defaultRequest, item.min);
}

function fill(target: Quantities, from: Quantities | undefined): void {
    for (const [name, quantity] of Object.entries(from ?? {})) target[name] ??= quantity;
}

function validateLimitRange({ spec }: V1LimitRange): FieldError[] {
    const path = 'spec.limits';
    return [
        ...duplicates(
            spec?.limits,
            (item) => item.type,
            (index) => `${path}[${index}].type`,
        ),
        ...each(spec?.limits, path, validateItem),
    ];
}

const parts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function validateItem(item: V1LimitRangeItem, path: string): FieldError[] {
    const names = new Set(parts.flatMap((part) => Object.keys(item[part] ?? {})));
    const errors = [...required(item.type, `${path}.type`), ...qualifiedName(item.type, `${path}.type`)];
    if (item.type === 'Pod') {
        for (const field of ['default', 'defaultRequest'] as const) {
            if (Object.keys(item[field] ?? {}).length === 0) continue;
            errors.push(
                fieldErrors.forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"),
            );
        }
    }
    if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage']) {
        errors.push(
            fieldErrors.required(
                `${path}.limits`,
                'either minimum or maximum storage value is required, but neither was provided',
            ),
        );
    }
    return [
        ...errors,
        ...[...names].flatMap((name) => [
            ...validateResourceName(name, `${path}.max[${name}]`),
            ...validateOrder(item, name, path),
        ]),
    ];
}

/** min <= defaultRequest <= default <= max, as far as they are given. */
function validateOrder(item: V1LimitRangeItem, name: string, path: string): FieldError[] {
    const pairs: [
        keyof V1LimitRangeItem & (typeof parts)[number],
        'min' | 'max' | 'default' | 'defaultRequest',
        string,
    ][] = [
        ['min', 'max', 'min value'],
        ['defaultRequest', 'max', 'default request value'],
        ['default', 'max', 'default value'],
        ['defaultRequest', 'default', 'default request value'],
    ];
    const errors = pairs.flatMap(([lower, upper, words]) => {
        const low = item[lower]?.[name];
        const high = item[upper]?.[name];
        if (low === undefined || high === undefined || compareQuantity(low, high) <= 0) return [];
        const noun = upper === 'max' ? 'max' : 'default limit';
        const detail = `${words} ${low} is greater than ${noun} value ${high}`;
        return [fieldErrors.invalid(`${path}.${lower}[${name}]`, low, detail)];
    });
    const min = item.min?.[name];
    for (const field of ['default', 'defaultRequest'] as const) {
        const value = item[field]?.[name];
        if (min === undefined || value === undefined || compareQuantity(min, value) <= 0) continue;
        const words = field === 'default' ? 'default' : 'default request';
        const detail = `min value ${min} is greater than ${words} value ${value}`;
        errors.push(fieldErrors.invalid(`${path}.${field}[${name}]`, value, detail));
    }
    return errors;
}

export const limitRangeStrategy: Strategy<V1LimitRange> = {
    defaults({ spec }) {
        for (const item of items(spec?.limits)) defaultItem(item);
    },
    validate: validateLimitRange,
    validateUpdate: (range) => validateLimitRange(range),
};
