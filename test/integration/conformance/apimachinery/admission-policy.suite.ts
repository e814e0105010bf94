import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';
import { supportsOperations } from './api-operations.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const api = { group: 'admissionregistration.k8s.io', version: 'v1' };
const deployments = {
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    resources: ['deployments'],
    operations: ['CREATE', 'UPDATE'],
};
const annotate = (key: string, value: string): object => ({
    patchType: 'ApplyConfiguration',
    applyConfiguration: {
        expression: `
            Object{
                metadata: Object.metadata{
                    annotations: {
                        "${key}": "${value}"
                    }
                }
            }`,
    },
});

/** Policies, as the suite's validatingadmissionpolicy.go and mutatingadmissionpolicy.go ask for them. */
export function admissionPolicies(cluster: Cluster): void {
    let namespace: string;
    beforeAll(async () => {
        namespace = await cluster.namespace('admission-policy', { 'e2e-policy': 'true' });
    });
    afterEach(async () => {
        for (const kind of ['validating', 'mutating']) {
            await cluster.delete(`${group}/${kind}admissionpolicybindings`);
            await cluster.delete(`${group}/${kind}admissionpolicies`);
        }
    });

    const selector = { namespaceSelector: { matchLabels: { 'e2e-policy': 'true' } } };
    const matchConstraints = { ...selector, resourceRules: [deployments] };
    const apps = (plural: string): string => `/apis/apps/v1/namespaces/${namespace}/${plural}`;
    const workload = (name: string, replicas: number): object => ({
        metadata: { name },
        spec: {
            replicas,
            selector: { matchLabels: { app: name } },
            template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] },
            },
        },
    });
    const createPolicy = async (spec: object): Promise<Thing> =>
        await cluster.create(`${group}/validatingadmissionpolicies`, {
            metadata: { generateName: 'policy.example.com-' },
            spec: { matchConstraints, ...spec },
        });
    const bind = async ({ metadata }: Thing): Promise<void> => {
        await cluster.create(`${group}/validatingadmissionpolicybindings`, {
            metadata: { name: `${metadata.name}.binding` },
            spec: { policyName: metadata.name, matchResources: selector, validationActions: ['Deny'] },
        });
    };
    /** Waits until a Deployment with one replica is invalid. */
    const holds = async (): Promise<void> => {
        const body = workload('marker-deployment', 1);
        await eventually('the policy holds', async () => {
            const { status, text } = await cluster.call('POST', apps('deployments'), { body });
            if (status < 300) await cluster.delete(`${apps('deployments')}/marker-deployment`);
            return status === 422 && text.includes('"reason":"Invalid"');
        });
    };
    describe('that validate', () => {
        it('hold for Deployments in the namespaces of their binding, and for nothing else', async () => {
            const policy = await createPolicy({
                validations: [
                    {
                        expression: 'object.spec.replicas > 1',
                        messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
                    },
                    {
                        expression: `namespaceObject.metadata.name == '${namespace}'`,
                        message: 'Internal error! Other namespace should not be allowed.',
                    },
                ],
            });
            await bind(policy);
            await holds();
            await cluster.create(apps('deployments'), workload('replicated', 2));
            await cluster.create(apps('replicasets'), workload('non-replicated', 1));
            await cluster.delete(apps('deployments'));
            await cluster.delete(apps('replicasets'));
        });

        it('may refer to variables, and variables to each other', async () => {
            const policy = await createPolicy({
                variables: [
                    { name: 'replicas', expression: 'object.spec.replicas' },
                    { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
                ],
                validations: [
                    { expression: 'variables.replicas > 1' },
                    { expression: 'variables.oddReplicas' },
                ],
            });
            await bind(policy);
            await holds();
            await cluster.create(apps('deployments'), workload('replicated', 3));
            const even = await cluster.refused('POST', apps('deployments'), { body: workload('even', 4) });
            expect(even.message).toContain('denied request: failed expression: variables.oddReplicas');
            await cluster.create(apps('replicasets'), workload('non-replicated', 1));
            await cluster.delete(apps('deployments'));
            await cluster.delete(apps('replicasets'));
        });

        it('support all operations', async () => {
            await supportsOperations(cluster, {
                ...api,
                plural: 'validatingadmissionpolicies',
                template: {
                    spec: {
                        validations: [{ expression: 'object.spec.replicas <= 100' }],
                        matchConstraints: { resourceRules: [{ ...deployments, operations: ['CREATE'] }] },
                    },
                },
                patch: { failurePolicy: 'Ignore' },
                update: { failurePolicy: 'Fail' },
                hasStatus: true,
            });
        });

        it('have bindings that support all operations', async () => {
            await supportsOperations(cluster, {
                ...api,
                plural: 'validatingadmissionpolicybindings',
                template: {
                    spec: { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] },
                },
                hasStatus: false,
            });
        });
    });

    describe('that mutate', () => {
        it('change a Deployment', async () => {
            const policy = await cluster.create(`${group}/mutatingadmissionpolicies`, {
                metadata: { name: 'annotate.policy.example.com' },
                spec: {
                    matchConstraints,
                    mutations: [annotate('mutated-by', 'admission-policy')],
                    reinvocationPolicy: 'Never',
                },
            });
            await cluster.create(`${group}/mutatingadmissionpolicybindings`, {
                metadata: { name: 'annotate.binding.example.com' },
                spec: { policyName: policy.metadata.name, matchResources: selector },
            });
            await eventually('the policy works', async () => {
                const { metadata } = await cluster.create(apps('deployments'), workload('changed', 2));
                await cluster.delete(`${apps('deployments')}/changed`);
                return metadata.annotations?.['mutated-by'] === 'admission-policy';
            });
        });

        const mutating = (operations: string[]) => ({
            spec: {
                reinvocationPolicy: 'Never',
                mutations: [annotate('my-foo-annotation', 'myAnnotationValue')],
                matchConstraints: { resourceRules: [{ ...deployments, operations }] },
            },
        });

        it('support all operations', async () => {
            await supportsOperations(cluster, {
                ...api,
                plural: 'mutatingadmissionpolicies',
                template: mutating(['CREATE']),
                patch: { failurePolicy: 'Ignore' },
                update: { failurePolicy: 'Fail' },
                hasStatus: false,
            });
        });

        it('have bindings that support all operations', async () => {
            await supportsOperations(cluster, {
                ...api,
                plural: 'mutatingadmissionpolicybindings',
                template: { spec: { policyName: 'replicalimit-policy.example.com' } },
                hasStatus: false,
            });
        });
    });
}
