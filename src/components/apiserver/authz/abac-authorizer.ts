import type { V1PolicyRule } from '../../../api/meta/object.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';

/** One line of --authorization-policy-file; '' and absent match nothing, '*' everything. */
interface Policy {
    user: string;
    group: string;
    readonly: boolean;
    apiGroup: string;
    resource: string;
    namespace: string;
    nonResourcePath: string;
}

const allow: Decision = { outcome: 'allow', reason: '' };
const noMatch: Decision = { outcome: 'noOpinion', reason: 'No policy matched.' };
const readVerbs = ['get', 'list', 'watch'];
const policyVersion = 'abac.authorization.kubernetes.io/v1beta1';
const fields = ['user', 'group', 'apiGroup', 'resource', 'namespace', 'nonResourcePath'] as const;

/** Attribute based access control: allows what a line of its file allows, and never denies. */
export class AbacAuthorizer implements Authorizer {
    readonly #policies: readonly Policy[];

    /**
     * @param text the file: one JSON object per line, `#` begins a comment line
     * @throws Error that names the line
     */
    constructor(text: string) {
        this.#policies = text.split(/\r?\n/).flatMap((line, index) => {
            const trimmed = line.trim();
            return trimmed === '' || trimmed.startsWith('#') ? [] : [parsePolicy(trimmed, index + 1)];
        });
    }

    authorize(identity: Identity, attributes: RequestAttributes): Decision {
        const matches = this.#policies.some(
            (policy) =>
                subjectMatches(policy, identity) &&
                verbMatches(policy, attributes) &&
                targetMatches(policy, attributes),
        );
        return matches ? allow : noMatch;
    }

    /** The policies of somebody in a namespace, as rules. */
    rulesFor(identity: Identity, namespace: string): V1PolicyRule[] {
        const rules: V1PolicyRule[] = [];
        for (const policy of this.#policies) {
            if (!subjectMatches(policy, identity)) continue;
            const verbs = policy.readonly ? readVerbs : ['*'];
            if (policy.resource !== '' && wildcardMatches(policy.namespace, namespace)) {
                rules.push({ verbs, apiGroups: [policy.apiGroup], resources: [policy.resource] });
            }
            if (policy.nonResourcePath !== '') {
                rules.push({ verbs, nonResourceURLs: [policy.nonResourcePath] });
            }
        }
        return rules;
    }
}

function parsePolicy(line: string, number: number): Policy {
    const document = parseLine(line, number);
    const versioned = document['apiVersion'] !== undefined || document['kind'] !== undefined;
    if (versioned && (document['apiVersion'] !== policyVersion || document['kind'] !== 'Policy')) {
        throw new Error(`authorization policy, line ${number}: expected kind Policy of ${policyVersion}`);
    }
    const spec = versioned ? document['spec'] : document;
    if (typeof spec !== 'object' || spec === null) {
        throw new Error(`authorization policy, line ${number}: spec is missing`);
    }
    const policy: Policy = {
        user: '',
        group: '',
        readonly: (spec as Record<string, unknown>)['readonly'] === true,
        apiGroup: '',
        resource: '',
        namespace: '',
        nonResourcePath: '',
    };
    for (const field of fields) {
        const value = (spec as Record<string, unknown>)[field];
        if (value === undefined) continue;
        if (typeof value !== 'string') {
            throw new Error(`authorization policy, line ${number}: ${field} is not a string`);
        }
        policy[field] = value;
    }
    return versioned ? policy : fromUnversioned(policy);
}

function parseLine(line: string, number: number): Record<string, unknown> {
    try {
        const document = JSON.parse(line) as unknown;
        if (typeof document === 'object' && document !== null && !Array.isArray(document))
            return document as Record<string, unknown>;
    } catch (error) {
        throw new Error(`authorization policy, line ${number}: not readable as JSON`, { cause: error });
    }
    throw new Error(`authorization policy, line ${number}: not a JSON object`);
}

/** Lines of the time before versions: an empty field matched everything. */
function fromUnversioned(policy: Policy): Policy {
    const isForEverybody = policy.user === '' && policy.group === '';
    return {
        ...policy,
        ...(isForEverybody ? { group: 'system:authenticated' } : {}),
        ...(policy.user === '*' ? { user: '', group: 'system:authenticated' } : {}),
        apiGroup: '*',
        namespace: policy.namespace || '*',
        resource: policy.resource || '*',
        ...(policy.namespace === '' && policy.resource === '' ? { nonResourcePath: '*' } : {}),
    };
}

/** A policy that names both user and group is for users who are both. */
function subjectMatches({ user, group }: Policy, identity: Identity): boolean {
    if (user === '' && group === '') return false;
    const isUser = user === '' || user === '*' || user === identity.username;
    const isMember = group === '' || group === '*' || identity.groups.includes(group);
    return isUser && isMember;
}

function verbMatches(policy: Policy, { verb }: RequestAttributes): boolean {
    return !policy.readonly || readVerbs.includes(verb);
}

function targetMatches(policy: Policy, attributes: RequestAttributes): boolean {
    if (attributes.kind === 'nonResource') return pathMatches(policy.nonResourcePath, attributes.path);
    return (
        wildcardMatches(policy.namespace, attributes.namespace) &&
        wildcardMatches(policy.resource, attributes.resource) &&
        wildcardMatches(policy.apiGroup, attributes.group)
    );
}

function wildcardMatches(pattern: string, value: string): boolean {
    return pattern === '*' || pattern === value;
}

function pathMatches(pattern: string, path: string): boolean {
    if (pattern === '') return false;
    if (pattern === '*' || pattern === path) return true;
    return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
}
