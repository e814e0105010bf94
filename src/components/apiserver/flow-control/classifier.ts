import type {
    FlowcontrolV1Subject,
    V1FlowSchema,
    V1NonResourcePolicyRule,
    V1PolicyRulesWithSubjects,
    V1ResourcePolicyRule,
} from '../../../api/meta/object.ts';
import type { Identity } from '../identity.ts';
import type { RequestInfo, ResourceRequestInfo } from '../request-info.ts';

const everyone = ['system:authenticated', 'system:unauthenticated'];
const accountPrefix = 'system:serviceaccount:';

type RuleMatcher = (identity: Identity, info: RequestInfo) => boolean;

/** True when the schema's rules match the request; compiled once, asked for every request. */
export function compileSchema({ spec }: V1FlowSchema): RuleMatcher {
    const rules = (spec?.rules ?? []).map(compileRule);
    return (identity, info) => {
        for (const matches of rules) if (matches(identity, info)) return true;
        return false;
    };
}

function compileRule(rule: V1PolicyRulesWithSubjects): RuleMatcher {
    const subject = compileSubjects(rule.subjects);
    const resources = (rule.resourceRules ?? []).map(compileResourceRule);
    const paths = (rule.nonResourceRules ?? []).map(compileNonResourceRule);
    return (identity, info) => {
        if (info.kind === 'resource') {
            return resources.some((matches) => matches(info)) && subject(identity);
        }
        return paths.some((matches) => matches(info.verb, info.path)) && subject(identity);
    };
}

function compileSubjects(subjects: readonly FlowcontrolV1Subject[]): (identity: Identity) => boolean {
    const users = new Set<string>();
    const groups = new Set<string>();
    const accountPrefixes: string[] = [];
    for (const { kind, user, group, serviceAccount } of subjects) {
        if (kind === 'User' && user !== undefined) users.add(user.name);
        if (kind === 'Group' && group !== undefined) groups.add(group.name);
        if (kind !== 'ServiceAccount' || serviceAccount === undefined) continue;
        const { namespace, name } = serviceAccount;
        if (name === '*') accountPrefixes.push(`${accountPrefix}${namespace}:`);
        else users.add(`${accountPrefix}${namespace}:${name}`);
    }
    if (users.has('*') || groups.has('*') || everyone.every((group) => groups.has(group))) return () => true;
    return ({ username, groups: own }) =>
        users.has(username) ||
        own.some((group) => groups.has(group)) ||
        accountPrefixes.some((prefix) => username.startsWith(prefix));
}

function wordSet(words: readonly string[]): (word: string) => boolean {
    const set = new Set(words);
    return set.has('*') ? () => true : (word) => set.has(word);
}

function compileResourceRule(rule: V1ResourcePolicyRule): (info: ResourceRequestInfo) => boolean {
    const verbs = wordSet(rule.verbs);
    const groups = wordSet(rule.apiGroups);
    const resources = wordSet(rule.resources);
    const namespaces = wordSet(rule.namespaces ?? []);
    const { clusterScope = false } = rule;
    return ({ verb, group, resource, subresource, namespace }) =>
        verbs(verb) &&
        groups(group) &&
        resources(subresource === '' ? resource : `${resource}/${subresource}`) &&
        (namespace === '' ? clusterScope : namespaces(namespace));
}

function compileNonResourceRule(rule: V1NonResourcePolicyRule): (verb: string, path: string) => boolean {
    const verbs = wordSet(rule.verbs);
    const exact = new Set(rule.nonResourceURLs.filter((url) => !url.endsWith('*')));
    const prefixes = rule.nonResourceURLs.filter((url) => url.endsWith('*')).map((url) => url.slice(0, -1));
    return (verb, path) =>
        verbs(verb) && (exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix)));
}

/** What tells the flows of a schema apart: the user, the namespace, or nothing. */
export function distinguisherOf({ spec }: V1FlowSchema, identity: Identity, info: RequestInfo): string {
    switch (spec?.distinguisherMethod?.type) {
        case 'ByUser':
            return identity.username;
        case 'ByNamespace':
            return info.kind === 'resource' ? info.namespace : '';
        default:
            return '';
    }
}
