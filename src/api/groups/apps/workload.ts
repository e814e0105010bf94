import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1LabelSelector, V1PodTemplateSpec } from '../../meta/object.ts';
import { labelSelectorMatcher } from '../../meta/selectors.ts';
import { validatePodTemplate } from '../core/pod/validation/pod-spec.ts';
import { isEmptySelector, validateLabelSelector } from '../validation/labels.ts';

interface WorkloadSpec {
    selector?: V1LabelSelector | undefined;
    template?: V1PodTemplateSpec | undefined;
}

/** Selector and template of what keeps pods running: they must fit, and pods must restart for ever. */
export function validateWorkload(spec: WorkloadSpec | undefined, kind: string): FieldError[] {
    return [...validateWorkloadSelector(spec?.selector, kind), ...validateWorkloadTemplate(spec)];
}

function validateWorkloadSelector(selector: V1LabelSelector | undefined, kind: string): FieldError[] {
    if (selector === undefined) return [fieldErrors.required('spec.selector')];
    const errors = validateLabelSelector(selector, 'spec.selector');
    if (isEmptySelector(selector)) {
        const detail = `empty selector is invalid for ${kind}`;
        errors.push(fieldErrors.invalid('spec.selector', selector, detail));
    }
    return errors;
}

function validateWorkloadTemplate(spec: WorkloadSpec | undefined): FieldError[] {
    const path = 'spec.template';
    const template = spec?.template;
    if (template === undefined) return [fieldErrors.required(path)];
    const errors: FieldError[] = [];
    const labels = template.metadata?.labels ?? {};
    if (!isEmptySelector(spec?.selector) && !selectorMatches(spec?.selector, labels)) {
        const detail = '`selector` does not match template `labels`';
        errors.push(fieldErrors.invalid(`${path}.metadata.labels`, labels, detail));
    }
    errors.push(...validatePodTemplate(template, path));
    const restartPolicy = template.spec?.restartPolicy;
    if (restartPolicy !== 'Always') {
        errors.push(fieldErrors.notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']));
    }
    if (template.spec?.activeDeadlineSeconds !== undefined) {
        const detail = 'activeDeadlineSeconds in ReplicaSet is not Supported';
        errors.push(fieldErrors.forbidden(`${path}.spec.activeDeadlineSeconds`, detail));
    }
    return errors;
}

/** False also for a selector that cannot be understood: its own errors say why. */
function selectorMatches(selector: V1LabelSelector | undefined, labels: Record<string, string>): boolean {
    try {
        return labelSelectorMatcher(selector).matches(labels);
    } catch {
        return false;
    }
}
