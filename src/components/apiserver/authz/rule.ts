import type { V1PolicyRule } from '../../../api/meta/object.ts';
import type { RequestAttributes } from '../authorizer.ts';

/** A PolicyRule made ready for matching. */
export interface CompiledRule {
    verbs: ReadonlySet<string>;
    groups: ReadonlySet<string>;
    resources: ReadonlySet<string>;
    /** Empty: all names. */
    names: ReadonlySet<string>;
    paths: readonly string[];
}

export function compileRule(rule: V1PolicyRule): CompiledRule {
    return {
        verbs: new Set(rule.verbs),
        groups: new Set(rule.apiGroups),
        resources: new Set(rule.resources),
        names: new Set(rule.resourceNames),
        paths: rule.nonResourceURLs ?? [],
    };
}

export function ruleAllows(rule: CompiledRule, attributes: RequestAttributes): boolean {
    if (!rule.verbs.has(attributes.verb) && !rule.verbs.has('*')) return false;
    if (attributes.kind === 'nonResource') return pathMatches(rule.paths, attributes.path);
    const { group, resource, subresource, name } = attributes;
    return (
        (rule.groups.has(group) || rule.groups.has('*')) &&
        resourceMatches(rule.resources, resource, subresource) &&
        (rule.names.size === 0 || rule.names.has(name))
    );
}

/** "pods/log" is matched by itself, by "*" and by "*" + "/log". */
function resourceMatches(resources: ReadonlySet<string>, resource: string, subresource: string): boolean {
    if (resources.has('*')) return true;
    if (subresource === '') return resources.has(resource);
    return resources.has(`${resource}/${subresource}`) || resources.has(`*/${subresource}`);
}

function pathMatches(patterns: readonly string[], path: string): boolean {
    return patterns.some(
        (pattern) =>
            pattern === '*' ||
            pattern === path ||
            (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))),
    );
}

/** Those single permissions of `wanted` that none of `owned` gives; empty when all are covered. */
export function missingPermissions(
    owned: readonly V1PolicyRule[],
    wanted: readonly V1PolicyRule[],
): V1PolicyRule[] {
    return wanted
        .flatMap(breakDown)
        .filter((permission) => !owned.some((rule) => ruleCovers(rule, permission)));
}

/** A rule as single permissions: one verb on one resource or path, at most one name. */
function breakDown(rule: V1PolicyRule): V1PolicyRule[] {
    const permissions: V1PolicyRule[] = [];
    const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => [name]) : [undefined];
    for (const group of rule.apiGroups ?? []) {
        for (const resource of rule.resources ?? []) {
            for (const verb of rule.verbs) {
                for (const resourceNames of names) {
                    const name = resourceNames === undefined ? {} : { resourceNames };
                    permissions.push({ apiGroups: [group], resources: [resource], ...name, verbs: [verb] });
                }
            }
        }
    }
    for (const path of rule.nonResourceURLs ?? []) {
        for (const verb of rule.verbs) permissions.push({ nonResourceURLs: [path], verbs: [verb] });
    }
    return permissions;
}

function ruleCovers(owner: V1PolicyRule, permission: V1PolicyRule): boolean {
    return (
        hasAllOrStar(owner.verbs, permission.verbs) &&
        hasAllOrStar(owner.apiGroups, permission.apiGroups) &&
        resourcesCover(owner.resources, permission.resources) &&
        pathsCover(owner.nonResourceURLs ?? [], permission.nonResourceURLs ?? []) &&
        namesCover(owner.resourceNames ?? [], permission.resourceNames ?? [])
    );
}

function hasAllOrStar(owned: readonly string[] = [], wanted: readonly string[] = []): boolean {
    return owned.includes('*') || wanted.every((item) => owned.includes(item));
}

function resourcesCover(owned: readonly string[] = [], wanted: readonly string[] = []): boolean {
    if (owned.includes('*')) return true;
    return wanted.every((item) => {
        const slash = item.indexOf('/');
        return owned.includes(item) || (slash >= 0 && owned.includes(`*${item.slice(slash)}`));
    });
}

function pathsCover(owned: readonly string[], wanted: readonly string[]): boolean {
    return wanted.every((path) => pathMatches(owned, path));
}

function namesCover(owned: readonly string[], wanted: readonly string[]): boolean {
    if (owned.length === 0) return true;
    return wanted.length > 0 && wanted.every((name) => owned.includes(name));
}

/** Permissions on the same thing become one rule with several verbs. */
export function compactRules(permissions: readonly V1PolicyRule[]): V1PolicyRule[] {
    const merged = new Map<string, V1PolicyRule>();
    for (const permission of permissions) {
        const { verbs, ...target } = permission;
        const key = JSON.stringify(target);
        const before = merged.get(key);
        merged.set(key, { ...permission, verbs: [...new Set([...(before?.verbs ?? []), ...verbs])] });
    }
    return [...merged.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, as upstream prints rules. */
export function ruleText(rule: V1PolicyRule): string {
    const fields = [
        ['APIGroups', rule.apiGroups],
        ['Resources', rule.resources],
        ['NonResourceURLs', rule.nonResourceURLs],
        ['ResourceNames', rule.resourceNames],
        ['Verbs', rule.verbs],
    ] as const;
    const parts = fields
        .filter(([, values]) => values !== undefined && values.length > 0)
        .map(([name, values]) => `${name}:${quotedList(values ?? [])}`);
    return `{${parts.join(', ')}}`;
}

/** Go's %q of a list: ["a" "b"]. */
export function quotedList(values: readonly string[]): string {
    return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
