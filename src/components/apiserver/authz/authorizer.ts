import type { V1PolicyRule } from '../../../api/meta/object.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { NodeGraph } from './node-graph.ts';
import { RbacAuthorizer } from './rbac-authorizer.ts';
import { RbacIndex } from './rbac-index.ts';

/** Members of this group may do everything. */
export const mastersGroup = 'system:masters';

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny';

export interface AuthorizerOptions {
    reader: ObjectReader;
    /** Asked in this order (--authorization-mode). */
    modes: readonly AuthorizationMode[];
}

/** The rules that hold for somebody in a namespace. */
export interface RuleList {
    rules: readonly V1PolicyRule[];
    /** True when other authorizers may allow more than is listed. */
    incomplete: boolean;
}

export interface ClusterAuthorizer extends Authorizer {
    authorize(identity: Identity, attributes: RequestAttributes): Decision;
    /** What SelfSubjectRulesReview and escalation checks ask: cluster-wide rules, then the namespace's. */
    rulesFor(identity: Identity, namespace: string): RuleList;
    /** Rules of the role that a binding in `namespace` names; undefined when there is no such role. */
    roleRules(
        roleRef: { apiGroup?: string | undefined; kind: string; name: string },
        namespace: string,
    ): readonly V1PolicyRule[] | undefined;
    stop(): void;
}

const everything: readonly V1PolicyRule[] = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** system:masters, then the modes in their order: the first that allows or denies decides. */
export function createAuthorizer({ reader, modes }: AuthorizerOptions): ClusterAuthorizer {
    const index = new RbacIndex(reader);
    const graphs: NodeGraph[] = [];
    const authorizers = modes.map((mode): ModeAuthorizer => {
        switch (mode) {
            case 'Node': {
                const graph = new NodeGraph(reader);
                graphs.push(graph);
                return new NodeAuthorizer(graph);
            }
            case 'RBAC':
                return new RbacAuthorizer(index);
            case 'AlwaysAllow':
                return { authorize: () => ({ outcome: 'allow', reason: '' }) };
            case 'AlwaysDeny':
                return {
                    authorize: () => ({ outcome: 'noOpinion', reason: 'Everything is forbidden.' }),
                };
        }
    });
    return {
        authorize: (identity, attributes) => decide(authorizers, identity, attributes),
        rulesFor: (identity, namespace) => listRules({ index, modes, identity, namespace }),
        roleRules: (roleRef, namespace) => index.roleRules(roleRef, namespace),
        stop: () => {
            index.stop();
            for (const graph of graphs) graph.stop();
        },
    };
}

interface ModeAuthorizer {
    authorize(identity: Identity, attributes: RequestAttributes): Decision;
}

function decide(
    authorizers: readonly ModeAuthorizer[],
    identity: Identity,
    attributes: RequestAttributes,
): Decision {
    if (identity.groups.includes(mastersGroup)) return { outcome: 'allow', reason: '' };
    const reasons: string[] = [];
    for (const authorizer of authorizers) {
        const decision = authorizer.authorize(identity, attributes);
        if (decision.outcome !== 'noOpinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
    }
    return { outcome: 'noOpinion', reason: reasons.join('\n') };
}

function listRules(query: {
    index: RbacIndex;
    modes: readonly AuthorizationMode[];
    identity: Identity;
    namespace: string;
}): RuleList {
    const { index, modes, identity, namespace } = query;
    if (modes.includes('AlwaysAllow') || identity.groups.includes(mastersGroup)) {
        return { rules: everything, incomplete: false };
    }
    const granted = modes.includes('RBAC')
        ? [
              ...index.clusterRules(identity),
              ...(namespace === '' ? [] : index.namespaceRules(identity, namespace)),
          ]
        : [];
    const incomplete = modes.includes('Node') && identity.groups.includes('system:nodes');
    return { rules: granted.map(({ rule }) => rule), incomplete };
}
