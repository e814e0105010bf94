import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1035Label, isDns1123Subdomain } from '../../meta/names.ts';
import type {
    V1AuditAnnotation,
    V1MutatingAdmissionPolicy,
    V1MutatingAdmissionPolicyBinding,
    V1Mutation,
    V1ParamKind,
    V1ParamRef,
    V1ValidatingAdmissionPolicy,
    V1ValidatingAdmissionPolicyBinding,
    V1Validation,
    V1Variable,
} from '../../meta/object.ts';
import {
    duplicates,
    each,
    isBlank,
    items,
    objectName,
    oneOf,
    optionalOneOf,
    qualifiedName,
} from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import {
    defaultMatchResources,
    failurePolicies,
    pathSegment,
    validateMatchConditions,
    validateMatchResources,
} from './rules.ts';

const auditAnnotationsMax = 20;
const valueExpressionBytesMax = 5 * 1024;
const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved: ReadonlySet<string> = new Set(
    'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
        ' ',
    ),
);
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const actions = ['Audit', 'Deny', 'Warn'];

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;
type Binding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;

export function defaultPolicy({ spec }: Policy): void {
    if (spec === undefined) return;
    spec.failurePolicy ??= 'Fail';
    defaultMatchResources(spec.matchConstraints);
}

export function defaultMutatingPolicy(policy: V1MutatingAdmissionPolicy): void {
    defaultPolicy(policy);
    if (policy.spec !== undefined) policy.spec.reinvocationPolicy ??= 'Never';
}

export function defaultBinding({ spec }: Binding): void {
    defaultMatchResources(spec?.matchResources);
}

/** What both kinds of policies have in common. */
function validateCommon({ spec }: Policy): FieldError[] {
    const { paramKind, matchConstraints } = spec ?? {};
    return [
        ...oneOf(spec?.failurePolicy, 'spec.failurePolicy', failurePolicies),
        ...(paramKind === undefined ? [] : validateParamKind(paramKind, 'spec.paramKind')),
        ...(matchConstraints === undefined
            ? [fieldErrors.required('spec.matchConstraints')]
            : validateMatchResources(matchConstraints, 'spec.matchConstraints')),
        ...(matchConstraints !== undefined && items(matchConstraints.resourceRules).length === 0
            ? [fieldErrors.required('spec.matchConstraints.resourceRules')]
            : []),
        ...validateMatchConditions(spec?.matchConditions, 'spec.matchConditions'),
        ...each(spec?.variables, 'spec.variables', validateVariable),
    ];
}

export function validateValidatingPolicy(policy: V1ValidatingAdmissionPolicy): FieldError[] {
    const { validations, auditAnnotations } = policy.spec ?? {};
    const nothing = 'validations or auditAnnotations must contain at least one item';
    const isEmpty = items(validations).length === 0 && items(auditAnnotations).length === 0;
    return [
        ...validateCommon(policy),
        ...(isEmpty
            ? [
                  fieldErrors.required('spec.validations', nothing),
                  fieldErrors.required('spec.auditAnnotations', nothing),
              ]
            : []),
        ...each(validations, 'spec.validations', validateValidation),
        ...validateAuditAnnotations(auditAnnotations, policy.metadata?.name ?? ''),
    ];
}

export function validateMutatingPolicy(policy: V1MutatingAdmissionPolicy): FieldError[] {
    const { mutations, reinvocationPolicy } = policy.spec ?? {};
    return [
        ...validateCommon(policy),
        ...(items(mutations).length === 0
            ? [fieldErrors.required('spec.mutations', 'mutations must contain at least one item')]
            : []),
        ...each(mutations, 'spec.mutations', validateMutation),
        ...oneOf(reinvocationPolicy, 'spec.reinvocationPolicy', ['IfNeeded', 'Never']),
    ];
}

function validateParamKind({ apiVersion = '', kind = '' }: V1ParamKind, path: string): FieldError[] {
    const parts = apiVersion.split('/');
    const version = parts.at(-1) ?? '';
    const group = parts.length === 2 ? (parts[0] ?? '') : '';
    const invalid = (value: string, detail: string) =>
        fieldErrors.invalid(`${path}.apiVersion`, value, detail);
    const errors =
        apiVersion === ''
            ? [fieldErrors.required(`${path}.apiVersion`)]
            : parts.length > 2
              ? [invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
              : [
                    ...(group === '' ? [] : isDns1123Subdomain(group).map((text) => invalid(group, text))),
                    ...isDns1035Label(version).map((text) => invalid(version, text)),
                ];
    if (kind === '') return [...errors, fieldErrors.required(`${path}.kind`)];
    const messages = isDns1035Label(kind.toLowerCase());
    if (messages.length === 0) return errors;
    const detail = `may have mixed case, but should otherwise match: ${messages.join(',')}`;
    return [...errors, fieldErrors.invalid(`${path}.kind`, kind, detail)];
}

function validateVariable({ name, expression }: V1Variable, path: string): FieldError[] {
    const errors = isBlank((name as string | undefined)?.trim())
        ? [fieldErrors.required(`${path}.name`, 'name is not specified')]
        : identifier.test(name) && !reserved.has(name)
          ? []
          : [fieldErrors.invalid(`${path}.name`, name, 'name is not a valid CEL identifier')];
    return [...errors, ...requiredExpression(expression, `${path}.expression`)];
}

function requiredExpression(expression: string | undefined, path: string): FieldError[] {
    return isBlank(expression?.trim()) ? [fieldErrors.required(path, 'expression is not specified')] : [];
}

function validateValidation(validation: V1Validation, path: string): FieldError[] {
    const { expression, message = '', messageExpression = '', reason } = validation;
    const errors = requiredExpression(expression, `${path}.expression`);
    if (messageExpression !== '' && messageExpression.trim() === '') {
        const detail = 'must be non-empty if specified';
        errors.push(fieldErrors.invalid(`${path}.messageExpression`, messageExpression, detail));
    }
    if (message !== '' && message.trim() === '') {
        const detail = 'message must be non-empty if specified';
        errors.push(fieldErrors.invalid(`${path}.message`, message, detail));
    } else if (/[\n\r]/.test(message.trim())) {
        errors.push(fieldErrors.invalid(`${path}.message`, message, 'message must not contain line breaks'));
    }
    return [...errors, ...optionalOneOf(reason, `${path}.reason`, reasons)];
}

function validateAuditAnnotations(
    annotations: readonly V1AuditAnnotation[] | undefined,
    policyName: string,
): FieldError[] {
    const path = 'spec.auditAnnotations';
    return [
        ...(items(annotations).length > auditAnnotationsMax
            ? [
                  fieldErrors.invalid(
                      path,
                      annotations,
                      `must not have more than ${auditAnnotationsMax} auditAnnotations`,
                  ),
              ]
            : []),
        ...each(annotations, path, ({ key, valueExpression }, at) => {
            const text = (valueExpression as string | undefined)?.trim() ?? '';
            const tooLong = `must not exceed ${valueExpressionBytesMax} bytes in length`;
            return [
                ...(policyName === ''
                    ? [fieldErrors.invalid(`${at}.key`, key, 'requires metadata.name be non-empty')]
                    : qualifiedName(`${policyName}/${key}`, `${at}.key`)),
                ...(text === ''
                    ? [fieldErrors.required(`${at}.valueExpression`, 'valueExpression is not specified')]
                    : Buffer.byteLength(text) > valueExpressionBytesMax
                      ? [fieldErrors.required(`${at}.valueExpression`, tooLong)]
                      : []),
            ];
        }),
        ...duplicates(
            annotations,
            ({ key }) => key,
            (index) => `${path}[${index}].key`,
        ),
    ];
}

function validateMutation(
    { patchType, applyConfiguration, jsonPatch }: V1Mutation,
    path: string,
): FieldError[] {
    const errors = oneOf(patchType, `${path}.patchType`, ['ApplyConfiguration', 'JSONPatch']);
    if (errors.length > 0) return errors;
    const isPatch = patchType === 'JSONPatch';
    const [wanted, wantedName] = isPatch
        ? [jsonPatch, 'jsonPatch']
        : [applyConfiguration, 'applyConfiguration'];
    const [other, otherName] = isPatch
        ? [applyConfiguration, 'applyConfiguration']
        : [jsonPatch, 'jsonPatch'];
    if (other !== undefined) {
        const detail = `must not specify ${otherName} when patchType is ${patchType}`;
        errors.push(fieldErrors.invalid(`${path}.${otherName}`, other, detail));
    }
    if (wanted === undefined) {
        const detail = `must be specified when patchType is ${patchType}`;
        return [...errors, fieldErrors.required(`${path}.${wantedName}`, detail)];
    }
    return [...errors, ...requiredExpression(wanted.expression, `${path}.${wantedName}.expression`)];
}

export function validateBinding({ spec }: Binding): FieldError[] {
    return [
        ...objectName(spec?.policyName, 'spec.policyName'),
        ...validateParamRef(spec?.paramRef, 'spec.paramRef'),
        // Upstream's own spelling of the path.
        ...validateMatchResources(spec?.matchResources, 'spec.matchResouces'),
    ];
}

export function validateValidatingBinding(binding: V1ValidatingAdmissionPolicyBinding): FieldError[] {
    const given = items(
        (binding.spec as Binding['spec'] as { validationActions?: string[] } | undefined)?.validationActions,
    );
    const path = 'spec.validationActions';
    const errors = [
        ...each(given, path, (action, at) =>
            actions.includes(action) ? [] : [fieldErrors.notSupported(at, action, actions)],
        ),
        ...duplicates(
            given,
            (action) => action,
            (index) => `${path}[${index}]`,
        ),
    ];
    if (given.includes('Deny') && given.includes('Warn')) {
        const detail =
            'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
        errors.push(fieldErrors.invalid(path, given, detail));
    }
    if (given.length === 0)
        errors.push(fieldErrors.required(path, 'at least one validation action is required'));
    return [...validateBinding(binding), ...errors];
}

function validateParamRef(ref: V1ParamRef | undefined, path: string): FieldError[] {
    if (ref === undefined) return [];
    const { name = '', selector, parameterNotFoundAction } = ref;
    const both = 'name and selector are mutually exclusive';
    const hasBoth = name !== '' && selector !== undefined;
    return [
        ...(name === '' ? [] : pathSegment(name, `${path}.name`)),
        ...(hasBoth ? [fieldErrors.forbidden(`${path}.name`, both)] : []),
        ...validateLabelSelector(selector, `${path}.selector`),
        ...(hasBoth ? [fieldErrors.forbidden(`${path}.selector`, both)] : []),
        ...(name === '' && selector === undefined
            ? [fieldErrors.required(path, 'one of name or selector must be specified')]
            : []),
        ...oneOf(parameterNotFoundAction, `${path}.parameterNotFoundAction`, ['Deny', 'Allow']),
    ];
}
