import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1035Label, isDns1123Subdomain } from '../../meta/name-formats.ts';
import type { V1CustomResourceDefinition, V1CustomResourceDefinitionNames } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { isBlank, items } from '../validation/basic.ts';

type Definition = Incomplete<V1CustomResourceDefinition>;
type Names = Incomplete<V1CustomResourceDefinitionNames>;

const approvalAnnotation = 'api-approved.kubernetes.io';
const approvalSource = 'see https://github.com/kubernetes/enhancements/pull/1111';

function label(value: string | undefined, path: string): FieldError[] {
    if (isBlank(value)) return [fieldErrors.required(path)];
    return isDns1035Label(value ?? '').map((message) => fieldErrors.invalid(path, value, message));
}

function mixedCaseLabel(value: string | undefined, path: string): FieldError[] {
    if (isBlank(value)) return [fieldErrors.required(path)];
    return isDns1035Label((value ?? '').toLowerCase()).map((message) =>
        fieldErrors.invalid(path, value, `may have mixed case, but should otherwise match: ${message}`),
    );
}

/** Errors of a set of names, which stands in the spec and in the status. */
export function validateNames(names: Names | undefined, path: string): FieldError[] {
    const { plural, singular, kind, listKind } = names ?? {};
    return [
        ...label(plural, `${path}.plural`),
        ...(isBlank(singular) ? [] : label(singular, `${path}.singular`)),
        ...mixedCaseLabel(kind, `${path}.kind`),
        ...(isBlank(listKind) ? [] : mixedCaseLabel(listKind, `${path}.listKind`)),
        ...(!isBlank(kind) && kind === listKind
            ? [fieldErrors.invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
            : []),
        ...items(names?.shortNames).flatMap((name, index) => label(name, `${path}.shortNames[${index}]`)),
        ...items(names?.categories).flatMap((name, index) => label(name, `${path}.categories[${index}]`)),
    ];
}

export function validateGroup(group: string | undefined): FieldError[] {
    const path = 'spec.group';
    if (isBlank(group)) return [fieldErrors.required(path)];
    const errors = isDns1123Subdomain(group ?? '').map((message) =>
        fieldErrors.invalid(path, group, message),
    );
    if (errors.length === 0 && !(group ?? '').includes('.'))
        errors.push(fieldErrors.invalid(path, group, 'should be a domain with at least one dot'));
    return errors;
}

/** Groups of the Kubernetes community itself. */
export function isProtectedGroup(group: string): boolean {
    return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

export type Approval = 'approved' | 'bypassed' | 'missing' | 'invalid';

/** What a definition of a protected group says about its approval. */
export function approvalOf(definition: Definition): { state: Approval; value: string } {
    const value = definition.metadata?.annotations?.[approvalAnnotation] ?? '';
    if (value === '') return { state: 'missing', value };
    if (value.startsWith('unapproved')) return { state: 'bypassed', value };
    const isUrl = URL.canParse(value) && new URL(value).host !== '';
    return { state: isUrl ? 'approved' : 'invalid', value };
}

export function approvalMessage({ state, value }: { state: Approval; value: string }): string {
    switch (state) {
        case 'approved':
            return `approved in ${value}`;
        case 'bypassed':
            return `not approved: ${JSON.stringify(value)}`;
        case 'missing':
            return `protected groups must have approval annotation "${approvalAnnotation}", ${approvalSource}`;
        case 'invalid':
            return `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${approvalSource}`;
    }
}

export function validateApproval(definition: Definition): FieldError[] {
    if (!isProtectedGroup(definition.spec?.group ?? '')) return [];
    const approval = approvalOf(definition);
    const path = `metadata.annotations[${approvalAnnotation}]`;
    const message = approvalMessage(approval);
    if (approval.state === 'missing') return [fieldErrors.required(path, message)];
    return approval.state === 'invalid' ? [fieldErrors.invalid(path, approval.value, message)] : [];
}
