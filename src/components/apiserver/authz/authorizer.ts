import type { V1PolicyRule } from '../../../api/meta/object.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AbacAuthorizer } from './abac-authorizer.ts';
import type { AuthorizationMetrics } from './authorization-metrics.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { NodeGraph } from './node-graph.ts';
import { nodeNameOf } from './node-identity.ts';
import { RbacAuthorizer } from './rbac-authorizer.ts';
import { RbacIndex } from './rbac-index.ts';

/** Members of this group may do everything. */
export const mastersGroup = 'system:masters';

/** What --authorization-mode takes, in upstream's spelling. */
export const authorizationModes = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'] as const;
export type AuthorizationMode = (typeof authorizationModes)[number];

export interface AuthorizerOptions {
    reader: ObjectReader;
    /** Asked in this order: what --authorization-mode says, or the file of --authorization-config. */
    modes: readonly (AuthorizationMode | NamedWebhook)[];
    /** Required by the mode ABAC. */
    abac?: AbacAuthorizer;
    /** Required by the mode Webhook. */
    webhook?: Authorizer;
    /** Where decisions are counted. */
    metrics?: AuthorizationMetrics;
}

/** That of the one webhook that flags name. */
export const defaultWebhookName = 'default';

/** One of several webhooks. */
export interface NamedWebhook {
    name: string;
    webhook: Authorizer;
}

/** The rules that hold for somebody in a namespace. */
export interface RuleList {
    rules: readonly V1PolicyRule[];
    /** True when other authorizers may allow more than is listed. */
    incomplete: boolean;
    /** Why it is incomplete; empty when it is not. */
    error: string;
}

export interface ClusterAuthorizer extends Authorizer {
    /** At once, unless a webhook has to be asked. */
    authorize(identity: Identity, attributes: RequestAttributes): Decision | Promise<Decision>;
    /** What SelfSubjectRulesReview asks: cluster-wide rules, then the namespace's, of all authorizers. */
    rulesFor(identity: Identity, namespace: string): RuleList;
    /** What escalation checks ask: the rules that RBAC itself grants. */
    rbacRules(identity: Identity, namespace: string): readonly V1PolicyRule[];
    /** Rules of the role that a binding in `namespace` names; undefined when there is no such role. */
    roleRules(
        roleRef: { apiGroup?: string | undefined; kind: string; name: string },
        namespace: string,
    ): readonly V1PolicyRule[] | undefined;
    /**
     * Asks these from now on.
     * @throws Error for Node, RBAC or ABAC where the server was started without it
     */
    reconfigure(modes: AuthorizerOptions['modes']): void;
    stop(): void;
}

/** One of the modes. */
interface ModeAuthorizer extends Authorizer {
    /** What metrics call it. */
    type: AuthorizationMode;
    name: string;
    rulesFor(identity: Identity, namespace: string): RuleList;
}

const everything: readonly V1PolicyRule[] = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
];
const complete = (rules: readonly V1PolicyRule[]): RuleList => ({ rules, incomplete: false, error: '' });

/** system:masters, then the modes in their order: the first that allows or denies decides. */
export function createAuthorizer(options: AuthorizerOptions): ClusterAuthorizer {
    const index = new RbacIndex(options.reader);
    const rbacRules = (identity: Identity, namespace: string): readonly V1PolicyRule[] =>
        [
            ...index.clusterRules(identity),
            ...(namespace === '' ? [] : index.namespaceRules(identity, namespace)),
        ].map(({ rule }) => rule);
    const graph = options.modes.includes('Node') ? new NodeGraph(options.reader) : undefined;
    const make = (mode: AuthorizationMode | NamedWebhook): ModeAuthorizer => {
        if (typeof mode === 'object') return webhookMode(mode.webhook, mode.name);
        if (persistentModes.has(mode) && !options.modes.includes(mode)) {
            throw new Error(
                `authorizer type ${mode} is not allowed if it was not enabled at initial server startup`,
            );
        }
        const named = { type: mode, name: mode.toLowerCase() };
        switch (mode) {
            case 'Node':
                return { ...named, ...nodeMode(required(graph, 'its index')) };
            case 'RBAC': {
                const rbac = new RbacAuthorizer(index);
                return {
                    ...named,
                    authorize: (identity, attributes) => rbac.authorize(identity, attributes),
                    rulesFor: (identity, namespace) => complete(rbacRules(identity, namespace)),
                };
            }
            case 'ABAC':
                return { ...named, ...abacMode(required(options.abac, '--authorization-policy-file')) };
            case 'Webhook':
                return webhookMode(
                    required(options.webhook, '--authorization-webhook-config-file'),
                    defaultWebhookName,
                );
            case 'AlwaysAllow':
                return {
                    ...named,
                    authorize: () => ({ outcome: 'allow', reason: '' }),
                    rulesFor: () => complete(everything),
                };
            case 'AlwaysDeny':
                return {
                    ...named,
                    authorize: () => ({ outcome: 'noOpinion', reason: 'Everything is forbidden.' }),
                    rulesFor: () => complete([]),
                };
        }
    };
    let authorizers = options.modes.map(make);
    return {
        authorize: (identity, attributes) =>
            decide({ authorizers, metrics: options.metrics }, identity, attributes),
        rulesFor: (identity, namespace) => listRules(authorizers, identity, namespace),
        rbacRules,
        roleRules: (roleRef, namespace) => index.roleRules(roleRef, namespace),
        reconfigure: (modes) => {
            authorizers = modes.map(make);
        },
        stop: () => {
            index.stop();
            graph?.stop();
        },
    };
}

/** What they know is gathered from the start of the server on. */
const persistentModes: ReadonlySet<AuthorizationMode> = new Set(['Node', 'RBAC', 'ABAC']);

function required<T>(part: T | undefined, flagName: string): T {
    if (part === undefined) throw new Error(`the authorization mode needs ${flagName}`);
    return part;
}

type Deciding = Pick<ModeAuthorizer, 'authorize' | 'rulesFor'>;

function nodeMode(graph: NodeGraph): Deciding {
    const authorizer = new NodeAuthorizer(graph);
    const unlisted = 'node authorizer does not support user rule resolution';
    return {
        authorize: (identity, attributes) => authorizer.authorize(identity, attributes),
        rulesFor: (identity) =>
            nodeNameOf(identity) === undefined
                ? complete([])
                : { rules: [], incomplete: true, error: unlisted },
    };
}

function abacMode(abac: AbacAuthorizer): Deciding {
    return {
        authorize: (identity, attributes) => abac.authorize(identity, attributes),
        rulesFor: (identity, namespace) => complete(abac.rulesFor(identity, namespace)),
    };
}

function webhookMode(webhook: Authorizer, name: string): ModeAuthorizer {
    const unlisted = 'webhook authorizer does not support user rule resolution';
    return {
        type: 'Webhook',
        name,
        authorize: async (identity, attributes) => await webhook.authorize(identity, attributes),
        rulesFor: () => ({ rules: [], incomplete: true, error: unlisted }),
    };
}

/** Stays synchronous as long as the authorizers do. */
function decide(
    {
        authorizers,
        metrics,
    }: { authorizers: readonly ModeAuthorizer[]; metrics: AuthorizationMetrics | undefined },
    identity: Identity,
    attributes: RequestAttributes,
): Decision | Promise<Decision> {
    if (identity.groups.includes(mastersGroup)) return { outcome: 'allow', reason: '' };
    const reasons: string[] = [];
    const errors: string[] = [];
    const ask = (position: number): Decision | Promise<Decision> => {
        for (let index = position; index < authorizers.length; index += 1) {
            const authorizer = authorizers[index];
            if (authorizer === undefined) continue;
            const answer = authorizer.authorize(identity, attributes);
            if (answer instanceof Promise) {
                return answer.then((decision) => settle(decision, authorizer) ?? ask(index + 1));
            }
            const decision = settle(answer, authorizer);
            if (decision !== undefined) return decision;
        }
        return {
            outcome: 'noOpinion',
            reason: reasons.join('\n'),
            ...(errors.length === 0 ? {} : { error: errors.join(', ') }),
        };
    };
    const settle = (decision: Decision, authorizer: ModeAuthorizer): Decision | undefined => {
        if (decision.outcome !== 'noOpinion') {
            metrics?.decided(authorizer, decision.outcome === 'allow' ? 'allowed' : 'denied');
            return decision;
        }
        if (decision.reason !== '') reasons.push(decision.reason);
        if (decision.error !== undefined) errors.push(decision.error);
        return undefined;
    };
    return ask(0);
}

function listRules(authorizers: readonly ModeAuthorizer[], identity: Identity, namespace: string): RuleList {
    const lists = authorizers.map((authorizer) => authorizer.rulesFor(identity, namespace));
    const errors = lists.map(({ error }) => error).filter((error) => error !== '');
    return {
        rules: [
            ...(identity.groups.includes(mastersGroup) ? everything : []),
            ...lists.flatMap(({ rules }) => [...rules]),
        ],
        incomplete: lists.some(({ incomplete }) => incomplete),
        error: errors.length > 1 ? `[${errors.join(', ')}]` : (errors[0] ?? ''),
    };
}
