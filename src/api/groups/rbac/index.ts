import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isPathSegmentName } from '../../meta/names.ts';
import type {
    RbacV1Subject,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1PolicyRule,
    V1Role,
    V1RoleBinding,
    V1RoleRef,
} from '../../meta/object.ts';
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { dnsSubdomain, each, formatErrors, isBlank, items, semanticImmutable } from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import type { Incomplete } from '../incomplete.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

function validateRules(rules: Incomplete<V1PolicyRule>[] | undefined, isNamespaced: boolean): FieldError[] {
    return each(rules, 'rules', (rule, path) => {
        const errors: FieldError[] = [];
        const { verbs, nonResourceURLs, apiGroups, resources, resourceNames } = rule;
        if (items(verbs).length === 0) {
            errors.push(fieldErrors.required(`${path}.verbs`, 'verbs must contain at least one value'));
        }
        if (items(nonResourceURLs).length > 0) {
            if (isNamespaced) {
                const detail = 'namespaced rules cannot apply to non-resource URLs';
                errors.push(fieldErrors.invalid(`${path}.nonResourceURLs`, nonResourceURLs, detail));
            }
            if ([apiGroups, resources, resourceNames].some((list) => items(list).length > 0)) {
                const detail = 'rules cannot apply to both regular resources and non-resource URLs';
                errors.push(fieldErrors.invalid(`${path}.nonResourceURLs`, nonResourceURLs, detail));
            }
            return errors;
        }
        if (items(apiGroups).length === 0) {
            errors.push(
                fieldErrors.required(
                    `${path}.apiGroups`,
                    'resource rules must supply at least one api group',
                ),
            );
        }
        if (items(resources).length === 0) {
            errors.push(
                fieldErrors.required(`${path}.resources`, 'resource rules must supply at least one resource'),
            );
        }
        return errors;
    });
}

interface Binding {
    subjects?: Incomplete<RbacV1Subject>[] | undefined;
    roleRef?: Incomplete<V1RoleRef> | undefined;
}

function defaultBinding(binding: Binding): void {
    if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= rbacGroup;
    for (const subject of items(binding.subjects)) {
        if (subject.kind === 'ServiceAccount') subject.apiGroup ??= '';
        else subject.apiGroup ??= rbacGroup;
        if (subject.apiGroup === '') delete subject.apiGroup;
    }
}

function validateBinding(binding: Binding, isNamespaced: boolean): FieldError[] {
    const ref = binding.roleRef;
    const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
    const errors: FieldError[] = [];
    if (ref?.apiGroup !== rbacGroup) {
        errors.push(fieldErrors.notSupported('roleRef.apiGroup', ref?.apiGroup ?? '', [rbacGroup]));
    }
    if (!kinds.includes(ref?.kind ?? '')) {
        errors.push(fieldErrors.notSupported('roleRef.kind', ref?.kind ?? '', kinds));
    }
    if (isBlank(ref?.name)) errors.push(fieldErrors.required('roleRef.name'));
    else errors.push(...formatErrors(ref?.name, 'roleRef.name', isPathSegmentName(ref?.name ?? '')));
    return [
        ...errors,
        ...each(binding.subjects, 'subjects', (subject, path) => validateSubject(subject, path)),
    ];
}

function validateSubject(
    { kind, name, namespace, apiGroup = '' }: Incomplete<RbacV1Subject>,
    path: string,
): FieldError[] {
    const errors = isBlank(name) ? [fieldErrors.required(`${path}.name`)] : [];
    switch (kind) {
        case 'ServiceAccount':
            if (!isBlank(name)) errors.push(...dnsSubdomain(name, `${path}.name`));
            if (apiGroup !== '') errors.push(fieldErrors.notSupported(`${path}.apiGroup`, apiGroup, ['']));
            if (isBlank(namespace)) errors.push(fieldErrors.required(`${path}.namespace`));
            return errors;
        case 'User':
        case 'Group':
            return apiGroup === rbacGroup
                ? errors
                : [...errors, fieldErrors.notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup])];
        default:
            return [
                ...errors,
                fieldErrors.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']),
            ];
    }
}

function subjectNames(binding: Binding, kind: string): string {
    return items(binding.subjects)
        .filter((subject) => subject.kind === kind)
        .map(({ name, namespace }) =>
            kind === 'ServiceAccount' ? `${namespace ?? ''}/${name ?? ''}` : (name ?? ''),
        )
        .join(', ');
}

function bindingStrategy<T extends Incomplete<V1RoleBinding> | Incomplete<V1ClusterRoleBinding>>(
    isNamespaced: boolean,
): Strategy<T> {
    return {
        nameFormat: 'pathSegment',
        allowCreateOnUpdate: true,
        defaults: defaultBinding,
        validate: (binding) => validateBinding(binding, isNamespaced),
        validateUpdate: (binding, old) => [
            ...validateBinding(binding, isNamespaced),
            ...semanticImmutable(binding.roleRef, old.roleRef, 'roleRef', 'cannot change roleRef'),
        ],
        columns: [
            nameColumn,
            column('Role', ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`),
            ageColumn,
            wideColumn('Users', (binding) => subjectNames(binding, 'User')),
            wideColumn('Groups', (binding) => subjectNames(binding, 'Group')),
            wideColumn('ServiceAccounts', (binding) => subjectNames(binding, 'ServiceAccount')),
        ],
    };
}

const roleStrategy: Strategy<Incomplete<V1Role>> = {
    nameFormat: 'pathSegment',
    allowCreateOnUpdate: true,
    validate: ({ rules }) => validateRules(rules, true),
    validateUpdate: ({ rules }) => validateRules(rules, true),
};

const clusterRoleStrategy: Strategy<V1ClusterRole> = {
    nameFormat: 'pathSegment',
    allowCreateOnUpdate: true,
    validate: validateClusterRole,
    validateUpdate: (role) => validateClusterRole(role),
};

function validateClusterRole({ rules, aggregationRule }: V1ClusterRole): FieldError[] {
    const path = 'aggregationRule.clusterRoleSelectors';
    const errors = validateRules(rules, false);
    if (aggregationRule === undefined) return errors;
    if (items(aggregationRule.clusterRoleSelectors).length === 0) {
        const detail = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
        return [...errors, fieldErrors.required(path, detail)];
    }
    return [...errors, ...each(aggregationRule.clusterRoleSelectors, path, validateLabelSelector)];
}

export const rbacStrategies: Readonly<Record<string, Strategy>> = {
    clusterrolebindings: bindingStrategy<Incomplete<V1ClusterRoleBinding>>(false),
    clusterroles: clusterRoleStrategy,
    rolebindings: bindingStrategy<Incomplete<V1RoleBinding>>(true),
    roles: roleStrategy,
};
