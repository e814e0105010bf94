import { compareQuantity } from '../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isPathSegmentName } from '../../meta/names.ts';
import type {
    V2CrossVersionObjectReference,
    V2MetricIdentifier,
    V2MetricSpec,
    V2MetricTarget,
} from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsLabel, formatErrors, isBlank } from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import { validateContainerResourceName } from '../validation/resources.ts';

type Metric = Incomplete<V2MetricSpec>;
type Target = Incomplete<V2MetricTarget>;

const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof sources)[number];

const sourceOfType: Readonly<Record<string, Source>> = {
    ContainerResource: 'containerResource',
    External: 'external',
    Object: 'object',
    Pods: 'pods',
    Resource: 'resource',
};

/** The kind and the name of an object, both of which stand in paths. */
export function validateReference(
    reference: Incomplete<V2CrossVersionObjectReference> | undefined,
    path: string,
): FieldError[] {
    return (['kind', 'name'] as const).flatMap((field) => {
        const value = reference?.[field] ?? '';
        if (value === '') return [fieldErrors.required(`${path}.${field}`)];
        return formatErrors(value, `${path}.${field}`, isPathSegmentName(value));
    });
}

/** One metric by which is scaled (autoscaling/validation validateMetricSpec). */
export function validateMetric(metric: Metric, path: string): FieldError[] {
    const { type = '' } = metric;
    const expected = Object.hasOwn(sourceOfType, type) ? sourceOfType[type] : undefined;
    const errors: FieldError[] = [];
    if (type === '') {
        errors.push(fieldErrors.required(`${path}.type`, 'must specify a metric source type'));
    }
    if (expected === undefined) {
        errors.push(fieldErrors.notSupported(`${path}.type`, type, Object.keys(sourceOfType)));
    }
    const present = sources.filter((source) => metric[source] !== undefined);
    const [first] = present;
    if (first !== undefined) errors.push(...validateSource(metric, first, `${path}.${first}`));
    if (expected !== undefined && metric[expected] === undefined) {
        const detail = 'must populate information for the given metric source';
        errors.push(fieldErrors.required(`${path}.${expected}`, detail));
    }
    if (present.length !== 1) {
        for (const source of present.filter((one) => one !== expected)) {
            errors.push(
                fieldErrors.forbidden(`${path}.${source}`, 'must populate the given metric source only'),
            );
        }
    }
    return errors;
}

function validateSource(metric: Metric, source: Source, path: string): FieldError[] {
    const target = metric[source]?.target ?? {};
    const targetPath = `${path}.target`;
    const errors = validateTarget(target, targetPath);
    switch (source) {
        case 'object':
            return [
                ...validateReference(metric.object?.describedObject, `${path}.describedObject`),
                ...validateIdentifier(metric.object?.metric, `${path}.metric`),
                ...errors,
                ...oneOfTargets(target, targetPath, 'must set either a target value or averageValue'),
            ];
        case 'external':
            return [
                ...validateIdentifier(metric.external?.metric, `${path}.metric`),
                ...errors,
                ...validateExternalTarget(target, targetPath),
            ];
        case 'pods':
            return [
                ...validateIdentifier(metric.pods?.metric, `${path}.metric`),
                ...errors,
                ...(target.averageValue === undefined
                    ? [
                          fieldErrors.required(
                              `${targetPath}.averageValue`,
                              'must specify a positive target averageValue',
                          ),
                      ]
                    : []),
            ];
        case 'resource':
            return [
                ...(isBlank(metric.resource?.name)
                    ? [fieldErrors.required(`${path}.name`, 'must specify a resource name')]
                    : []),
                ...errors,
                ...validateResourceTarget(target, targetPath),
            ];
        case 'containerResource':
            return [
                ...validateContainer(metric.containerResource, path),
                ...errors,
                ...validateResourceTarget(target, targetPath),
            ];
    }
}

function validateContainer(source: Metric['containerResource'], path: string): FieldError[] {
    const { name = '', container = '' } = source ?? {};
    return [
        ...(name === ''
            ? [fieldErrors.required(`${path}.name`, 'must specify a resource name')]
            : validateContainerResourceName(name, `${path}.name`)),
        ...(container === ''
            ? [fieldErrors.required(`${path}.container`, 'must specify a container')]
            : dnsLabel(container, `${path}.container`)),
    ];
}

function oneOfTargets({ value, averageValue }: Target, path: string, detail: string): FieldError[] {
    return value === undefined && averageValue === undefined
        ? [fieldErrors.required(`${path}.averageValue`, detail)]
        : [];
}

function validateExternalTarget(target: Target, path: string): FieldError[] {
    const detail = 'must set either a target value for metric or a per-pod target';
    if (target.value === undefined || target.averageValue === undefined) {
        return oneOfTargets(target, path, detail);
    }
    const both = 'may not set both a target value for metric and a per-pod target';
    return [fieldErrors.forbidden(`${path}.value`, both)];
}

function validateResourceTarget({ averageUtilization, averageValue }: Target, path: string): FieldError[] {
    if (averageUtilization === undefined && averageValue === undefined) {
        const detail = 'must set either a target raw value or a target utilization';
        return [fieldErrors.required(`${path}.averageUtilization`, detail)];
    }
    if (averageUtilization === undefined || averageValue === undefined) return [];
    const detail = 'may not set both a target raw value and a target utilization';
    return [fieldErrors.forbidden(`${path}.averageValue`, detail)];
}

function validateTarget(target: Target, path: string): FieldError[] {
    const { type = '', averageUtilization } = target;
    const errors: FieldError[] = [];
    if (type === '') errors.push(fieldErrors.required(`${path}.type`, 'must specify a metric target type'));
    if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
        const detail = 'must be either Utilization, Value, or AverageValue';
        errors.push(fieldErrors.invalid(`${path}.type`, type, detail));
    }
    for (const field of ['value', 'averageValue'] as const) {
        const quantity = target[field];
        if (quantity === undefined || compareQuantity(quantity, '0') > 0) continue;
        errors.push(fieldErrors.invalid(`${path}.${field}`, quantity, 'must be positive'));
    }
    if (averageUtilization !== undefined && averageUtilization < 1) {
        const detail = 'must be greater than 0';
        errors.push(fieldErrors.invalid(`${path}.averageUtilization`, averageUtilization, detail));
    }
    return errors;
}

function validateIdentifier(id: Incomplete<V2MetricIdentifier> | undefined, path: string): FieldError[] {
    const name = id?.name ?? '';
    return [
        ...(name === ''
            ? [fieldErrors.required(`${path}.name`, 'must specify a metric name')]
            : formatErrors(name, `${path}.name`, isPathSegmentName(name))),
        ...validateLabelSelector(id?.selector, `${path}.selector`),
    ];
}
