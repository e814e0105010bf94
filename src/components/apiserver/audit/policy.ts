import type { Identity } from '../identity.ts';
import type { RequestInfo, ResourceRequestInfo } from '../request-info.ts';

export const auditLevels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof auditLevels)[number];

export const auditStages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof auditStages)[number];

/** What the policy says of one request. */
export interface AuditDecision {
    level: AuditLevel;
    omitStages: ReadonlySet<AuditStage>;
    omitManagedFields: boolean;
}

/** A policy file that cannot be used. */
export class AuditPolicyError extends Error {
    override readonly name = 'AuditPolicyError';
}

interface GroupResources {
    group: string;
    resources: readonly string[];
    resourceNames: readonly string[];
}

interface Rule {
    decision: AuditDecision;
    users: readonly string[];
    userGroups: readonly string[];
    verbs: readonly string[];
    resources: readonly GroupResources[];
    namespaces: readonly string[];
    nonResourceURLs: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const none: AuditDecision = { level: 'None', omitStages: new Set(), omitManagedFields: false };
const rulesMax = 1000;

/** An audit policy (audit.k8s.io/v1): the first rule that matches a request says what is written of it. */
export class AuditPolicy {
    readonly #rules: readonly Rule[];

    private constructor(rules: readonly Rule[]) {
        this.#rules = rules;
    }

    /** Throws AuditPolicyError, which names the field. */
    static parse(document: unknown): AuditPolicy {
        const policy = objectOf(document, 'policy');
        if (policy['kind'] !== 'Policy' || policy['apiVersion'] !== 'audit.k8s.io/v1') {
            throw new AuditPolicyError('expected kind Policy of apiVersion audit.k8s.io/v1');
        }
        const rules = listOf(policy['rules'], 'rules');
        if (rules.length === 0) throw new AuditPolicyError('loaded illegal policy with 0 rules');
        if (rules.length > rulesMax) throw new AuditPolicyError(`rules: must have at most ${rulesMax} items`);
        const omitStages = stagesOf(policy['omitStages'], 'omitStages');
        const omitManagedFields = policy['omitManagedFields'] === true;
        return new AuditPolicy(
            rules.map((rule, index) =>
                ruleOf(objectOf(rule, `rules[${index}]`), {
                    path: `rules[${index}]`,
                    omitStages,
                    omitManagedFields,
                }),
            ),
        );
    }

    decide(identity: Identity, info: RequestInfo): AuditDecision {
        for (const rule of this.#rules) if (matches(rule, identity, info)) return rule.decision;
        return none;
    }
}

function ruleOf(
    rule: Json,
    defaults: { path: string; omitStages: readonly AuditStage[]; omitManagedFields: boolean },
): Rule {
    const { path } = defaults;
    const level = auditLevels.find((known) => known === rule['level']);
    if (level === undefined) {
        throw new AuditPolicyError(
            `${path}.level: Unsupported value: ${JSON.stringify(rule['level'] ?? '')}: supported values: ${auditLevels.map((known) => JSON.stringify(known)).join(', ')}`,
        );
    }
    const omitManagedFields = rule['omitManagedFields'];
    const strings = (field: string): readonly string[] => stringsOf(rule[field], `${path}.${field}`);
    const parsed: Rule = {
        decision: {
            level,
            omitStages: new Set([
                ...defaults.omitStages,
                ...stagesOf(rule['omitStages'], `${path}.omitStages`),
            ]),
            omitManagedFields:
                typeof omitManagedFields === 'boolean' ? omitManagedFields : defaults.omitManagedFields,
        },
        users: strings('users'),
        userGroups: strings('userGroups'),
        verbs: strings('verbs'),
        namespaces: strings('namespaces'),
        nonResourceURLs: strings('nonResourceURLs'),
        resources: listOf(rule['resources'], `${path}.resources`).map((one, index) =>
            groupResourcesOf(objectOf(one, `${path}.resources[${index}]`), `${path}.resources[${index}]`),
        ),
    };
    checkUrls(parsed, path);
    return parsed;
}

function checkUrls({ nonResourceURLs, resources, namespaces }: Rule, path: string): void {
    if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
        throw new AuditPolicyError(
            `${path}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`,
        );
    }
    for (const [index, url] of nonResourceURLs.entries()) {
        if (url === '*') continue;
        const at = `${path}.nonResourceURLs[${index}]`;
        if (!url.startsWith('/')) {
            throw new AuditPolicyError(`${at}: non-resource URL rules must begin with a '/' character`);
        }
        const star = url.indexOf('*');
        if (star >= 0 && star !== url.length - 1) {
            throw new AuditPolicyError(
                `${at}: non-resource URL wildcards '*' must be the final character of the rule`,
            );
        }
    }
}

function groupResourcesOf(value: Json, path: string): GroupResources {
    const { group = '' } = value;
    if (typeof group !== 'string') throw new AuditPolicyError(`${path}.group: must be a string`);
    const resources = stringsOf(value['resources'], `${path}.resources`);
    const resourceNames = stringsOf(value['resourceNames'], `${path}.resourceNames`);
    if (resourceNames.length > 0 && resources.length === 0) {
        throw new AuditPolicyError(
            `${path}.resourceNames: using resourceNames requires at least one resource`,
        );
    }
    return { group, resources, resourceNames };
}

function matches(rule: Rule, identity: Identity, info: RequestInfo): boolean {
    if (rule.users.length > 0 && !rule.users.includes(identity.username)) return false;
    if (rule.userGroups.length > 0 && !rule.userGroups.some((group) => identity.groups.includes(group))) {
        return false;
    }
    if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb) && !rule.verbs.includes('*')) return false;
    if (rule.namespaces.length > 0 || rule.resources.length > 0) {
        return info.kind === 'resource' && matchesResource(rule, info);
    }
    if (rule.nonResourceURLs.length === 0) return true;
    return (
        info.kind === 'nonResource' && rule.nonResourceURLs.some((pattern) => matchesPath(pattern, info.path))
    );
}

function matchesResource({ namespaces, resources }: Rule, info: ResourceRequestInfo): boolean {
    if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
    if (resources.length === 0) return true;
    return resources.some(
        ({ group, resources: names, resourceNames }) =>
            group === info.group &&
            (names.length === 0 ||
                ((resourceNames.length === 0 || resourceNames.includes(info.name)) &&
                    names.some((name) => matchesName(name, info)))),
    );
}

// "pods", "pods/log", "pods/*", "*/status" and "*".
function matchesName(pattern: string, { resource, subresource }: ResourceRequestInfo): boolean {
    if (pattern === '*') return true;
    if (pattern === (subresource === '' ? resource : `${resource}/${subresource}`)) return true;
    if (subresource !== '' && pattern.startsWith('*/')) return pattern.slice(2) === subresource;
    return pattern.endsWith('/*') && pattern.slice(0, -2) === resource;
}

function matchesPath(pattern: string, path: string): boolean {
    return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

function objectOf(value: unknown, path: string): Json {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
    throw new AuditPolicyError(`${path}: must be an object`);
}

function listOf(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    throw new AuditPolicyError(`${path}: must be a list`);
}

function stringsOf(value: unknown, path: string): readonly string[] {
    return listOf(value, path).map((item, index) => {
        if (typeof item === 'string') return item;
        throw new AuditPolicyError(`${path}[${index}]: must be a string`);
    });
}

function stagesOf(value: unknown, path: string): AuditStage[] {
    return stringsOf(value, path).map((text, index) => {
        const stage = auditStages.find((known) => known === text);
        if (stage !== undefined) return stage;
        throw new AuditPolicyError(
            `${path}[${index}]: Invalid value: ${JSON.stringify(text)}: allowed stages are ${auditStages.join(',')}`,
        );
    });
}
