import type { V1RuleWithOperations } from '../../../../api/meta/object.ts';
import type { GroupVersionResource } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';

/** The resource that a rule is compared with: the request's own, or another version of it. */
export interface RuleSubject extends GroupVersionResource {
    subresource: string;
    operation: AdmissionRequest['operation'];
    /** True for objects in a namespace; namespaces themselves are not in one. */
    inNamespace: boolean;
}

export type Rule = Partial<V1RuleWithOperations>;

export function ruleSubjectOf({
    definition,
    subresource,
    operation,
    namespace,
}: AdmissionRequest): RuleSubject {
    const { group, version, plural, namespaced } = definition;
    return {
        group,
        version,
        resource: plural,
        subresource,
        operation,
        inNamespace: namespaced && namespace !== '',
    };
}

export function matchesRule(rule: Rule, subject: RuleSubject): boolean {
    return (
        matchesScope(rule.scope, subject) &&
        hasOrAny(rule.operations, subject.operation) &&
        hasOrAny(rule.apiGroups, subject.group) &&
        hasOrAny(rule.apiVersions, subject.version) &&
        (rule.resources ?? []).some((pattern) => matchesResource(pattern, subject))
    );
}

function matchesScope(scope: string | undefined, { inNamespace }: RuleSubject): boolean {
    switch (scope) {
        case 'Namespaced':
            return inNamespace;
        case 'Cluster':
            return !inNamespace;
        default:
            return true;
    }
}

function hasOrAny(values: readonly string[] | undefined, wanted: string): boolean {
    return values !== undefined && (values.includes('*') || values.includes(wanted));
}

/** "pods" is pods alone, "pods/*" all subresources of pods and pods, "*" all resources but no subresource. */
function matchesResource(pattern: string, { resource, subresource }: RuleSubject): boolean {
    const slash = pattern.indexOf('/');
    const wanted = slash < 0 ? pattern : pattern.slice(0, slash);
    const wantedSub = slash < 0 ? '' : pattern.slice(slash + 1);
    return (wanted === '*' || wanted === resource) && (wantedSub === '*' || wantedSub === subresource);
}

const exemptKinds: ReadonlySet<string> = new Set([
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
]);

/** What configures admission never passes through what it configures: one could not get rid of it. */
export function isExempt({ definition }: AdmissionRequest): boolean {
    return definition.group === 'admissionregistration.k8s.io' && exemptKinds.has(definition.plural);
}
