import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getCondition } from '../../src/api/meta/conditions.ts';
import type { Stored, V1Pod, V1PodDisruptionBudget, V1ResourceQuota } from '../../src/api/meta/object.ts';
import {
    clusterRoles,
    configMaps,
    nodes,
    podDisruptionBudgets,
    pods,
    replicaSets,
    resourceQuotas,
    roles,
    validatingAdmissionPolicies,
} from '../../src/client/resource-type.ts';
import { NamedResources } from '../../src/components/controller-manager/resource-quota/named-resources.ts';
import { ManualClock } from '../../src/client/testing/manual-clock.ts';
import { systemClock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { eventually } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

let fixture: ControllerFixture;
// The API server's own clock stamps evictions.
const clock = new ManualClock(Date.now());
const namespace = 'default';

beforeAll(async () => {
    const enabled = [
        'pod-garbage-collector-controller',
        'clusterrole-aggregation-controller',
        'resourcequota-controller',
        'disruption-controller',
        'validatingadmissionpolicy-status-controller',
    ];
    fixture = await startControllers(enabled, { clock });
});
afterAll(async () => {
    await fixture.stop();
});

async function makePod(
    name: string,
    extra: Partial<V1Pod['metadata']> = {},
    nodeName?: string,
): Promise<Stored<V1Pod>> {
    return await fixture.api.admin.resource(pods).create({
        metadata: { name, namespace, ...extra },
        spec: {
            ...(nodeName === undefined ? {} : { nodeName }),
            containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
        },
    });
}
const setReady = async (pod: Stored<V1Pod>, status: string): Promise<void> => {
    const body = { status: { phase: 'Running', conditions: [{ type: 'Ready', status }] } };
    const { name } = pod.metadata;
    await fixture.api.admin
        .resource(pods)
        .patch({ namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
};
const podNames = async (): Promise<string[]> =>
    (await fixture.api.admin.resource(pods).list({ namespace })).items.map(({ metadata }) => metadata.name);

describe('resources that only a quota names', () => {
    const of = { group: 'rbac.authorization.k8s.io', resource: 'roles' };
    const name = 'roles.rbac.authorization.k8s.io';
    const watching = (seen: string[]): NamedResources =>
        new NamedResources({
            client: fixture.api.admin,
            clock: systemClock,
            logger: silentLogger(),
            signal: new AbortController().signal,
            handler: { added: ({ metadata }) => seen.push(metadata.name) },
        });

    it('are watched for as long as one does', async () => {
        const [seen, seenLater]: [string[], string[]] = [[], []];
        const [named, later] = [watching(seen), watching(seenLater)];
        const make = async (role: string) =>
            await fixture.api.admin
                .resource(roles)
                .create({ metadata: { name: role, namespace }, rules: [] });
        expect(await named.objects(of, namespace)).toEqual([]);
        await make('first');
        await eventually('the first is seen', () => seen.includes('first'));
        await named.retain(new Set([name]));
        await make('second');
        await eventually('the second is seen', () => seen.includes('second'));
        expect((await named.objects(of, namespace)).length).toBe(2);
        await named.retain(new Set());
        await make('third');
        await later.objects(of, namespace);
        await eventually('another watch sees the third', () => seenLater.includes('third'));
        expect(seen.slice(-2)).toEqual(['first', 'second']);
        await named.stop();
        await later.stop();
    });
});

describe('pods', () => {
    it('of a node that is gone go after a while, and those of a node that comes back stay', async () => {
        const { admin } = fixture.api;
        for (const name of ['stays', 'goes', 'returns']) {
            await admin.resource(nodes).create({ metadata: { name } });
            await makePod(`on-${name}`, {}, name);
        }
        await admin.resource(nodes).delete({ name: 'goes' });
        await admin.resource(nodes).delete({ name: 'returns' });
        await new Promise((resolve) => setTimeout(resolve, 50));
        await clock.advance(30_000);
        await admin.resource(nodes).create({ metadata: { name: 'returns' } });
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await podNames()).toContain('on-goes');
        await clock.advance(15_000);
        await eventually('it is gone', async () => !(await podNames()).includes('on-goes'));
        expect((await podNames()).sort()).toEqual(['on-returns', 'on-stays']);
    });

    it('that were deleted before they had a node go at once', async () => {
        const { admin } = fixture.api;
        await makePod('nowhere', { finalizers: ['example.com/hold'] });
        await admin.resource(pods).delete({ namespace, name: 'nowhere' });
        const held = await eventually('it has failed', async () => {
            const pod = await admin.resource(pods).get({ namespace, name: 'nowhere' });
            return pod.status?.phase === 'Failed' && pod;
        });
        expect(held.metadata.deletionTimestamp).toBeDefined();
    });
});

describe('an aggregated role', () => {
    it('follows the roles that its selectors choose', async () => {
        const { admin } = fixture.api;
        const rule = (resource: string) => ({
            apiGroups: ['example.com'],
            resources: [resource],
            verbs: ['get'],
        });
        const labels = { 'example.com/aggregate': 'yes' };
        await admin.resource(clusterRoles).create({
            metadata: { name: 'sum' },
            aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] },
            rules: [],
        });
        await admin.resource(clusterRoles).create({ metadata: { name: 'b', labels }, rules: [rule('bs')] });
        await admin
            .resource(clusterRoles)
            .create({ metadata: { name: 'a', labels }, rules: [rule('as'), rule('bs')] });
        const sum = async (): Promise<string> =>
            ((await admin.resource(clusterRoles).get({ name: 'sum' })).rules ?? [])
                .map(({ resources }) => resources?.join())
                .join();
        await eventually('both are in', async () => (await sum()) === 'as,bs');
        await admin.resource(clusterRoles).delete({ name: 'a' });
        await eventually('one is left', async () => (await sum()) === 'bs');
    });
});

describe('a resource quota', () => {
    const used = async (name: string): Promise<Record<string, string> | undefined> => {
        const quota: V1ResourceQuota = await fixture.api.admin
            .resource(resourceQuotas)
            .get({ namespace, name });
        return quota.status?.used;
    };

    it('says what is used, and what is free again after a deletion', async () => {
        const { admin } = fixture.api;
        await admin.resource(configMaps).create({ metadata: { name: 'counted', namespace } });
        await admin.resource(resourceQuotas).create({
            metadata: { name: 'q', namespace },
            spec: {
                hard: {
                    pods: '10',
                    'requests.cpu': '2',
                    'requests.memory': '1Gi',
                    configmaps: '5',
                    'count/replicasets.apps': '4',
                },
            },
        });
        // Pods that have ended count for nothing.
        const first = await eventually('it is counted', async () => await used('q'));
        expect(first).toEqual({
            pods: '2',
            'requests.cpu': '200m',
            'requests.memory': '128Mi',
            configmaps: '1',
            'count/replicasets.apps': '0',
        });
        await admin.resource(configMaps).delete({ namespace, name: 'counted' });
        await admin.resource(pods).delete({ namespace, name: 'on-stays' }, { gracePeriodSeconds: 0 });
        await eventually('it is free again', async () => {
            const now = await used('q');
            return now?.['configmaps'] === '0' && now['pods'] === '1';
        });
    });
});

describe('a disruption budget', () => {
    const budget = async (name: string): Promise<Stored<V1PodDisruptionBudget>> =>
        await fixture.api.admin.resource(podDisruptionBudgets).get({ namespace, name });
    const labels = { app: 'web' };
    let owned: Stored<V1Pod>[] = [];

    it('counts healthy pods against what their controller wants', async () => {
        const { admin } = fixture.api;
        const set = await admin.resource(replicaSets).create({
            metadata: { name: 'web', namespace },
            spec: {
                replicas: 3,
                selector: { matchLabels: labels },
                template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
            },
        });
        const reference = {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: 'web',
            uid: set.metadata.uid ?? '',
            controller: true,
        };
        owned = [];
        for (const name of ['w1', 'w2', 'w3']) {
            owned.push(await makePod(name, { labels, ownerReferences: [reference] }, 'stays'));
        }
        for (const pod of owned) await setReady(pod, 'True');
        await admin.resource(podDisruptionBudgets).create({
            metadata: { name: 'web', namespace },
            spec: { maxUnavailable: '34%', selector: { matchLabels: labels } },
        });
        const status = await eventually('it is computed', async () => {
            const found = (await budget('web')).status;
            return found?.disruptionsAllowed === 2 && found;
        });
        expect(status).toMatchObject({
            expectedPods: 3,
            desiredHealthy: 1,
            currentHealthy: 3,
            observedGeneration: 1,
        });
        expect(getCondition(status.conditions, 'DisruptionAllowed')).toMatchObject({
            status: 'True',
            reason: 'SufficientPods',
        });
        await setReady(owned[0]!, 'False');
        await eventually('one less', async () => (await budget('web')).status?.disruptionsAllowed === 1);
    });

    it('lets an eviction through once, and refuses the next', async () => {
        const { admin } = fixture.api;
        const evict = async (name: string): Promise<unknown> =>
            await admin.resource(pods).createSubresource({ namespace, name }, 'eviction', {
                apiVersion: 'policy/v1',
                kind: 'Eviction',
                metadata: { name, namespace },
            });
        await evict('w2');
        await eventually('none is left', async () => {
            const { status } = await budget('web');
            return status?.disruptionsAllowed === 0 && status.currentHealthy === 1;
        });
        await expect(evict('w3')).rejects.toThrow(
            "Cannot evict pod as it would violate the pod's disruption budget.",
        );
    });

    it('allows nothing for pods that no controller stands behind', async () => {
        const { admin } = fixture.api;
        const pod = await makePod('single', { labels: { app: 'single' } }, 'stays');
        await setReady(pod, 'True');
        await admin.resource(podDisruptionBudgets).create({
            metadata: { name: 'single', namespace },
            spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'single' } } },
        });
        const status = await eventually(
            'it is computed',
            async () => (await budget('single')).status?.conditions && (await budget('single')).status,
        );
        expect(status).toMatchObject({ expectedPods: 0, desiredHealthy: 0 });
        expect(status.disruptionsAllowed ?? 0).toBe(0);
    });
});

describe('admission policies', () => {
    const constraints = (resources: string[], apiVersions = ['v1']) => ({
        resourceRules: [{ apiGroups: ['apps'], apiVersions, resources, operations: ['*'] }],
    });
    const statusOf = async (name: string) =>
        (await fixture.api.admin.resource(validatingAdmissionPolicies).get({ name })).status;
    const make = async (name: string, spec: object): Promise<void> => {
        const policy = { metadata: { name }, spec: { failurePolicy: 'Ignore', ...spec } };
        await fixture.api.admin.resource(validatingAdmissionPolicies).create(policy);
        await eventually('it is checked', async () => (await statusOf(name))?.observedGeneration === 1);
    };

    it('are checked against the kinds that they are for', async () => {
        await make('checked', {
            matchConstraints: constraints(['statefulsets', 'deployments', 'deployments/scale', 'nothings']),
            variables: [
                { name: 'containers', expression: 'object.spec.template.spec.containers' },
                { name: 'wrong', expression: 'object.spec.wrong' },
            ],
            validations: [
                { expression: 'object.replicas > 1', messageExpression: "'is ' + object.spec.replicas" },
                { expression: 'object.spec.replicas > 1 && variables.wrong == 1' },
                { expression: 'variables.containers.all(c, c.name != "" && c.ports[0].containerPort > "a")' },
                { expression: 'has(object.spec.serviceName)' },
            ],
        });
        const warning = (kind: string, line: string, at: number, problem: string): string =>
            `apps/v1, Kind=${kind}: ERROR: <input>:1:${at + 1}: ${problem}\n | ${line}\n | ${'.'.repeat(at)}^\n`;
        const both = (line: string, at: number, problem: string): string =>
            ['Deployment', 'StatefulSet'].map((kind) => warning(kind, line, at, problem)).join('\n');
        const noOverload = (operator: string, types: string): string =>
            `found no matching overload for '${operator}' applied to '(${types})'`;
        const ports = 'variables.containers.all(c, c.name != "" && c.ports[0].containerPort > "a")';
        expect(await statusOf('checked')).toEqual({
            observedGeneration: 1,
            typeChecking: {
                expressionWarnings: [
                    {
                        fieldRef: 'spec.validations[0].expression',
                        warning: both('object.replicas > 1', 6, "undefined field 'replicas'"),
                    },
                    {
                        fieldRef: 'spec.validations[0].messageExpression',
                        warning: both("'is ' + object.spec.replicas", 6, noOverload('_+_', 'string, int')),
                    },
                    {
                        fieldRef: 'spec.validations[2].expression',
                        warning: both(ports, ports.indexOf('>'), noOverload('_>_', 'int, string')),
                    },
                    {
                        fieldRef: 'spec.validations[3].expression',
                        warning: warning(
                            'Deployment',
                            'has(object.spec.serviceName)',
                            3,
                            "undefined field 'serviceName'",
                        ),
                    },
                ],
            },
        });
    });

    it('for kinds that they do not name are not, and say so', async () => {
        const validations = [{ expression: 'object.nonsense == 1' }];
        await make('unnamed', { matchConstraints: constraints(['*']), validations });
        expect(await statusOf('unnamed')).toEqual({ observedGeneration: 1, typeChecking: {} });
    });
});
