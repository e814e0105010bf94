import { compareQuantity, quantityToMilli } from '../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1LimitRange, V1LimitRangeItem } from '../../meta/object.ts';
import type { Strategy } from '../resource.ts';
import { duplicates, each, items, qualifiedName } from '../validation/basic.ts';
import {
    allowsOvercommit,
    validateContainerResourceName,
    validateResourceName,
} from '../validation/resources.ts';

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

const limitTypes = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const parts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function validateItem(item: V1LimitRangeItem, path: string): FieldError[] {
    const isPod = item.type === 'Pod';
    const used = isPod ? parts.filter((part) => part !== 'default' && part !== 'defaultRequest') : parts;
    const names = new Set(used.flatMap((part) => Object.keys(item[part] ?? {})));
    const errors = validateType(item.type, `${path}.type`);
    if (isPod) {
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
        ...used.flatMap((part) =>
            Object.keys(item[part] ?? {}).flatMap((name) =>
                validateName(item.type, name, `${path}.${part}[${name}]`),
            ),
        ),
        ...[...names].flatMap((name) => [
            ...validateOrder(isPod ? { ...item, default: {}, defaultRequest: {} } : item, name, path),
            ...validateRatio(item, name, path),
        ]),
    ];
}

function validateType(type: string | undefined, path: string): FieldError[] {
    const errors = qualifiedName(type, path);
    return errors.length > 0 || type?.includes('/') === true || limitTypes.has(type ?? '')
        ? errors
        : [fieldErrors.invalid(path, type, 'must be a standard limit type or fully qualified')];
}

/** Of pods and containers, what a container can ask for; of the rest, storage and the like too. */
function validateName(type: string, name: string, path: string): FieldError[] {
    return type === 'Pod' || type === 'Container'
        ? validateContainerResourceName(name, path)
        : validateResourceName(name, path);
}

/** min <= defaultRequest <= default <= max, as far as they are given. */
function validateOrder(item: V1LimitRangeItem, name: string, path: string): FieldError[] {
    const value = (part: (typeof parts)[number]) => item[part]?.[name];
    const [min, max] = [value('min'), value('max')];
    const [limit, request] = [value('default'), value('defaultRequest')];
    const exceeds = (low: string | undefined, high: string | undefined): boolean =>
        low !== undefined && high !== undefined && compareQuantity(low, high) > 0;
    const errors: FieldError[] = [];
    const add = (part: (typeof parts)[number], shown: string | undefined, detail: string) =>
        errors.push(fieldErrors.invalid(`${path}.${part}[${name}]`, shown, detail));
    if (exceeds(min, max)) add('min', min, `min value ${min} is greater than max value ${max}`);
    if (exceeds(min, request)) {
        add('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
    }
    if (exceeds(request, max)) {
        add('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
    }
    if (exceeds(request, limit)) {
        add(
            'defaultRequest',
            request,
            `default request value ${request} is greater than default limit value ${limit}`,
        );
    }
    if (exceeds(min, limit)) add('default', min, `min value ${min} is greater than default value ${limit}`);
    if (exceeds(limit, max)) add('default', max, `default value ${limit} is greater than max value ${max}`);
    return errors;
}

/** A limit may be so many times its request: at least once, and not more often than max and min allow. */
function validateRatio(item: V1LimitRangeItem, name: string, path: string): FieldError[] {
    const [min, max] = [item.min?.[name], item.max?.[name]];
    const [limit, request] = [item.default?.[name], item.defaultRequest?.[name]];
    const ratio = item.maxLimitRequestRatio?.[name];
    const ratioPath = `${path}.maxLimitRequestRatio[${name}]`;
    const errors: FieldError[] = [];
    if (ratio !== undefined && compareQuantity(ratio, '1') < 0) {
        errors.push(fieldErrors.invalid(ratioPath, ratio, `ratio ${ratio} is less than 1`));
    }
    if (ratio !== undefined && min !== undefined && max !== undefined) {
        const largest = quantityToMilli(max) / quantityToMilli(min);
        if (quantityToMilli(ratio) / 1000 > largest) {
            const detail = `ratio ${ratio} is greater than max/min = ${largest.toFixed(6)}`;
            errors.push(fieldErrors.invalid(ratioPath, ratio, detail));
        }
    }
    const differ = limit !== undefined && request !== undefined && compareQuantity(limit, request) !== 0;
    if (differ && item.type !== 'Pod' && !allowsOvercommit(name)) {
        const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
        errors.push(fieldErrors.invalid(`${path}.defaultRequest[${name}]`, request, detail));
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
