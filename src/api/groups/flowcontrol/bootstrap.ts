import type {
    FlowcontrolV1Subject,
    V1FlowSchema,
    V1PolicyRulesWithSubjects,
    V1PriorityLevelConfiguration,
    V1ResourcePolicyRule,
} from '../../schema/generated/types.ts';

/**
 * The flow schemas and priority levels that every cluster has, with upstream's names and figures
 * (k8s.io/apiserver apis/flowcontrol/bootstrap). The mandatory ones must be exactly as they stand here; the
 * suggested ones may be changed by an administrator.
 */
export interface FlowControlObjects {
    priorityLevels: readonly V1PriorityLevelConfiguration[];
    flowSchemas: readonly V1FlowSchema[];
}

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';

interface Queues {
    queues: number;
    handSize: number;
}

function level(
    name: string,
    shares: number,
    { lendablePercent, queuing }: { lendablePercent: number; queuing?: Queues },
): V1PriorityLevelConfiguration {
    return {
        apiVersion,
        kind: 'PriorityLevelConfiguration',
        metadata: { name },
        spec: {
            type: 'Limited',
            limited: {
                nominalConcurrencyShares: shares,
                lendablePercent,
                limitResponse:
                    queuing === undefined
                        ? { type: 'Reject' }
                        : { type: 'Queue', queuing: { ...queuing, queueLengthLimit: 50 } },
            },
        },
    };
}

function schema(
    name: string,
    {
        level: levelName,
        precedence,
        by,
    }: { level: string; precedence: number; by?: 'ByUser' | 'ByNamespace' },
    rule: V1PolicyRulesWithSubjects,
): V1FlowSchema {
    return {
        apiVersion,
        kind: 'FlowSchema',
        metadata: { name },
        spec: {
            priorityLevelConfiguration: { name: levelName },
            matchingPrecedence: precedence,
            ...(by === undefined ? {} : { distinguisherMethod: { type: by } }),
            rules: [rule],
        },
    };
}

const groups = (...names: string[]): FlowcontrolV1Subject[] =>
    names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): FlowcontrolV1Subject[] =>
    names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts = (...names: string[]): FlowcontrolV1Subject[] =>
    names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } }));

/** Every request of the subjects. */
function everything(subjects: FlowcontrolV1Subject[]): V1PolicyRulesWithSubjects {
    return {
        subjects,
        resourceRules: [
            { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] },
        ],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    };
}

const leaseVerbs = ['get', 'create', 'update'];

function inAllNamespaces(apiGroup: string, resources: string[]): V1ResourcePolicyRule {
    return { verbs: leaseVerbs, apiGroups: [apiGroup], resources, namespaces: ['*'] };
}

const everybody = groups('system:unauthenticated', 'system:authenticated');
const controllerManager = 'system:kube-controller-manager';
const scheduler = 'system:kube-scheduler';

export const mandatoryFlowControl: FlowControlObjects = {
    priorityLevels: [
        {
            apiVersion,
            kind: 'PriorityLevelConfiguration',
            metadata: { name: 'exempt' },
            spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
        },
        level('catch-all', 5, { lendablePercent: 0 }),
    ],
    flowSchemas: [
        schema('exempt', { level: 'exempt', precedence: 1 }, everything(groups('system:masters'))),
        schema('catch-all', { level: 'catch-all', precedence: 10_000, by: 'ByUser' }, everything(everybody)),
    ],
};

export const suggestedFlowControl: FlowControlObjects = {
    priorityLevels: [
        level('system', 30, { lendablePercent: 33, queuing: { queues: 64, handSize: 6 } }),
        level('node-high', 40, { lendablePercent: 25, queuing: { queues: 64, handSize: 6 } }),
        level('leader-election', 10, { lendablePercent: 0, queuing: { queues: 16, handSize: 4 } }),
        level('workload-high', 40, { lendablePercent: 50, queuing: { queues: 128, handSize: 6 } }),
        level('workload-low', 100, { lendablePercent: 90, queuing: { queues: 128, handSize: 6 } }),
        level('global-default', 20, { lendablePercent: 50, queuing: { queues: 128, handSize: 6 } }),
    ],
    flowSchemas: [
        schema(
            'system-nodes',
            { level: 'system', precedence: 500, by: 'ByUser' },
            everything(groups('system:nodes')),
        ),
        schema(
            'system-node-high',
            { level: 'node-high', precedence: 400, by: 'ByUser' },
            {
                subjects: groups('system:nodes'),
                resourceRules: [
                    {
                        verbs: ['*'],
                        apiGroups: [''],
                        resources: ['nodes', 'nodes/status'],
                        namespaces: ['*'],
                        clusterScope: true,
                    },
                    {
                        verbs: ['*'],
                        apiGroups: ['coordination.k8s.io'],
                        resources: ['leases'],
                        namespaces: ['*'],
                    },
                ],
            },
        ),
        schema(
            'probes',
            { level: 'exempt', precedence: 2 },
            {
                subjects: everybody,
                nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
            },
        ),
        schema(
            'system-leader-election',
            { level: 'leader-election', precedence: 100, by: 'ByUser' },
            {
                subjects: [...users(controllerManager, scheduler), ...systemAccounts('*')],
                resourceRules: [inAllNamespaces('coordination.k8s.io', ['leases'])],
            },
        ),
        schema(
            'endpoint-controller',
            { level: 'workload-high', precedence: 150, by: 'ByUser' },
            {
                subjects: [
                    ...users(controllerManager),
                    ...systemAccounts('endpoint-controller', 'endpointslicemirroring-controller'),
                ],
                resourceRules: [inAllNamespaces('', ['endpoints'])],
            },
        ),
        schema(
            'workload-leader-election',
            { level: 'leader-election', precedence: 200, by: 'ByUser' },
            {
                subjects: systemAccounts('*'),
                resourceRules: [
                    inAllNamespaces('', ['endpoints', 'configmaps']),
                    inAllNamespaces('coordination.k8s.io', ['leases']),
                ],
            },
        ),
        schema(
            'kube-controller-manager',
            { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
            everything(users(controllerManager)),
        ),
        schema(
            'kube-scheduler',
            { level: 'workload-high', precedence: 800, by: 'ByNamespace' },
            everything(users(scheduler)),
        ),
        schema(
            'kube-system-service-accounts',
            { level: 'workload-high', precedence: 900, by: 'ByNamespace' },
            everything(systemAccounts('*')),
        ),
        schema(
            'service-accounts',
            { level: 'workload-low', precedence: 9000, by: 'ByUser' },
            everything(groups('system:serviceaccounts')),
        ),
        schema(
            'global-default',
            { level: 'global-default', precedence: 9900, by: 'ByUser' },
            everything(everybody),
        ),
    ],
};
