import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1MatchCondition, V1MatchResources, V1RuleWithOperations } from '../../meta/object.ts';
import {
    duplicates,
    each,
    isBlank,
    items,
    oneOf,
    optionalOneOf,
    qualifiedName,
} from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const matchConditionsMax = 64;
export const failurePolicies = ['Fail', 'Ignore'];
export const matchPolicies = ['Equivalent', 'Exact'];

type Rule = Partial<V1RuleWithOperations> & { resourceNames?: readonly string[] | undefined };

/** A wildcard says all there is to say: nothing may stand beside it. */
function wildcardAlone(list: readonly string[] | undefined, path: string, what: string): FieldError[] {
    if (items(list).length === 0) return [fieldErrors.required(path)];
    if (items(list).length > 1 && items(list).includes('*')) {
        return [fieldErrors.invalid(path, list, `if '*' is present, must not specify other ${what}`)];
    }
    return [];
}

export function validateRule(rule: Rule, path: string): FieldError[] {
    return [
        ...wildcardAlone(rule.operations, `${path}.operations`, 'operations'),
        ...each(rule.operations, `${path}.operations`, (operation, at) =>
            operations.includes(operation) ? [] : [fieldErrors.notSupported(at, operation, operations)],
        ),
        ...wildcardAlone(rule.apiGroups, `${path}.apiGroups`, 'API groups'),
        ...wildcardAlone(rule.apiVersions, `${path}.apiVersions`, 'API versions'),
        ...each(rule.apiVersions, `${path}.apiVersions`, (version, at) =>
            version === '' ? [fieldErrors.required(at)] : [],
        ),
        ...validateResources(rule.resources, `${path}.resources`),
        ...optionalOneOf(rule.scope, `${path}.scope`, scopes),
    ];
}

/** "pods", "pods/status", "pods/*", "*", "*\/scale", "*\/*"; none may be covered by another. */
function validateResources(resources: readonly string[] | undefined, path: string): FieldError[] {
    const list = items(resources);
    if (list.length === 0) return [fieldErrors.required(path)];
    const errors: FieldError[] = [];
    const allSubresourcesOf = new Set<string>();
    const subresourceOfAll = new Set<string>();
    list.forEach((entry, index) => {
        const at = `${path}[${index}]`;
        if (entry === '') errors.push(fieldErrors.required(at));
        const slash = entry.indexOf('/');
        if (slash < 0) return;
        const [resource, subresource] = [entry.slice(0, slash), entry.slice(slash + 1)];
        const covered = (by: string): FieldError =>
            fieldErrors.invalid(at, entry, `if '${by}' is present, must not specify ${entry}`);
        if (allSubresourcesOf.has(resource)) errors.push(covered(`${resource}/*`));
        if (subresourceOfAll.has(subresource)) errors.push(covered(`*/${subresource}`));
        if (subresource === '*') allSubresourcesOf.add(resource);
        if (resource === '*') subresourceOfAll.add(subresource);
    });
    if (list.length > 1 && list.includes('*/*')) {
        const detail = "if '*/*' is present, must not specify other resources";
        errors.push(fieldErrors.invalid(path, list, detail));
    }
    if (list.includes('*') && list.some((entry) => entry !== '*' && !entry.includes('/'))) {
        const detail = "if '*' is present, must not specify other resources without subresources";
        errors.push(fieldErrors.invalid(path, list, detail));
    }
    return errors;
}

/** Names and emptiness; whether an expression compiles is not for this layer to know. */
export function validateMatchConditions(
    conditions: readonly V1MatchCondition[] | undefined,
    path: string,
): FieldError[] {
    return [
        ...(items(conditions).length > matchConditionsMax
            ? [fieldErrors.tooMany(path, items(conditions).length, matchConditionsMax)]
            : []),
        ...each(conditions, path, ({ name, expression }, at) => [
            ...(isBlank((expression as string | undefined)?.trim())
                ? [fieldErrors.required(`${at}.expression`)]
                : []),
            ...(isBlank(name) ? [fieldErrors.required(`${at}.name`)] : qualifiedName(name, `${at}.name`)),
        ]),
        ...duplicates(
            conditions,
            ({ name }) => name,
            (index) => `${path}[${index}].name`,
        ),
    ];
}

export function defaultMatchResources(resources: V1MatchResources | undefined): void {
    if (resources === undefined) return;
    resources.matchPolicy ??= 'Equivalent';
    resources.namespaceSelector ??= {};
    resources.objectSelector ??= {};
    for (const rule of items(resources.resourceRules)) rule.scope ??= '*';
    for (const rule of items(resources.excludeResourceRules)) rule.scope ??= '*';
}

export function validateMatchResources(resources: V1MatchResources | undefined, path: string): FieldError[] {
    if (resources === undefined) return [];
    return [
        ...oneOf(resources.matchPolicy, `${path}.matchPolicy`, matchPolicies),
        ...validateLabelSelector(resources.namespaceSelector, `${path}.namespaceSelector`),
        ...validateLabelSelector(resources.objectSelector, `${path}.objectSelector`),
        ...each(resources.resourceRules, `${path}.resourceRules`, validateNamedRule),
        ...each(resources.excludeResourceRules, `${path}.excludeResourceRules`, validateNamedRule),
    ];
}

function validateNamedRule(rule: Rule, path: string): FieldError[] {
    return [
        ...each(rule.resourceNames, `${path}.resourceNames`, pathSegment),
        ...duplicates(
            rule.resourceNames,
            (name) => name,
            (index) => `${path}.resourceNames[${index}]`,
        ),
        ...validateRule(rule, path),
    ];
}

export function pathSegment(name: string, path: string): FieldError[] {
    if (name === '.' || name === '..') return [fieldErrors.invalid(path, name, `may not be '${name}'`)];
    return ['/', '%']
        .filter((char) => name.includes(char))
        .map((char) => fieldErrors.invalid(path, name, `may not contain '${char}'`));
}
