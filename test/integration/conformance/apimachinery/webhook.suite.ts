import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';
import {
    anything,
    type CustomResource,
    define,
    definitionOf,
    definitionsPath,
    type Schema,
    undefine,
    versions,
} from '../support/definitions.ts';
import { startWebhookService, type WebhookService } from '../support/webhook-service.ts';
import { webhookReplies } from './webhook-replies.ts';

interface ConfigMap extends Thing {
    data?: Record<string, string>;
}

interface Configuration extends Thing {
    webhooks: {
        name: string;
        rules: { operations: string[] }[];
        matchConditions?: object[];
        failurePolicy?: string;
        timeoutSeconds?: number;
    }[];
}

type Kind = 'validating' | 'mutating';

const group = '/apis/admissionregistration.k8s.io/v1';
/** The suite's slow webhook takes 5 s and is given 1 s; this one takes little more than that. */
const slowMs = 1200;
const disallowed = { 'webhook-e2e-test': 'webhook-disallow' };
const pause = 'registry.k8s.io/pause:3.10';

/** Admission by webhooks behind a Service, as the suite's webhook.go asks for it. */
export function admissionWebhooks(cluster: Cluster): void {
    let service: WebhookService;
    let namespace: string;
    let markers: string;
    let maps: string;

    beforeAll(async () => {
        namespace = await cluster.namespaceForPods('webhook', { 'e2e-webhook': 'true' });
        markers = await cluster.namespace('webhook-markers', { 'e2e-webhook-markers': 'true' });
        maps = `/api/v1/namespaces/${namespace}/configmaps`;
        service = await startWebhookService(cluster, webhookReplies(slowMs), {
            namespace,
            name: 'e2e-test-webhook',
            port: 8443,
        });
    });
    afterAll(async () => {
        await service.stop();
    });
    afterEach(async () => {
        for (const kind of ['validating', 'mutating'] as const) await cluster.delete(configurations(kind));
        await cluster.delete(maps);
    });

    const configurations = (kind: Kind): string => `${group}/${kind}webhookconfigurations`;
    const mine = { matchLabels: { 'e2e-webhook': 'true' } };
    const ruleOf = (resources: string[], operations = ['CREATE'], apiGroups = ['']): object => ({
        ...{ operations, apiGroups, apiVersions: ['*'], resources },
    });
    const hook = (name: string, path: string, fields: object = {}): object => ({
        name,
        clientConfig: service.at(path),
        rules: [ruleOf(['configmaps'])],
        sideEffects: 'None',
        admissionReviewVersions: ['v1', 'v1beta1'],
        namespaceSelector: mine,
        ...fields,
    });
    const configurationOf = (kind: Kind, name: string, hooks: object[]): object => ({
        metadata: { name },
        webhooks: [
            ...hooks,
            hook(`${kind}-is-webhook-configuration-ready.k8s.io`, '/always-deny', {
                failurePolicy: 'Ignore',
                namespaceSelector: { matchLabels: { 'e2e-webhook-markers': 'true' } },
                objectSelector: { matchLabels: { marker: 'true' } },
            }),
        ],
    });
    /** Creates a configuration, and waits until requests meet it, as the suite does with markers. */
    const register = async (kind: Kind, name: string, ...hooks: object[]): Promise<Configuration> => {
        const made = await cluster.create<Configuration>(
            configurations(kind),
            configurationOf(kind, name, hooks),
        );
        await ready();
        return made;
    };
    const ready = async (): Promise<void> => {
        const path = `/api/v1/namespaces/${markers}/configmaps`;
        await eventually('requests meet the webhook', async () => {
            const body = { metadata: { generateName: 'marker-', labels: { marker: 'true' } } };
            const { status, text } = await cluster.call('POST', path, { body });
            return status > 299 && text.includes('denied');
        });
    };
    const createMap = async (name: string, data: Record<string, string>): Promise<ConfigMap> =>
        await cluster.create(maps, { metadata: { name }, data });
    const mapRefused = async (name: string, data: Record<string, string>): Promise<string> =>
        (await cluster.refused('POST', maps, { body: { metadata: { name }, data } })).message;
    const remove = async (kind: Kind, name: string): Promise<void> => {
        await cluster.delete(`${configurations(kind)}/${name}`);
    };

    it('are in the discovery documents', async () => {
        interface Group {
            name: string;
            versions: { version: string }[];
        }
        const { groups } = await cluster.must<{ groups: Group[] }>('GET', '/apis');
        const found = groups.find(({ name }) => name === 'admissionregistration.k8s.io');
        expect(found?.versions.map(({ version }) => version)).toContain('v1');
        const own = await cluster.must<Group>('GET', '/apis/admissionregistration.k8s.io');
        expect(own.name).toBe('admissionregistration.k8s.io');
        expect(own.versions.map(({ version }) => version)).toContain('v1');
        const list = await cluster.must<{ groupVersion: string; resources: { name: string }[] }>(
            'GET',
            group,
        );
        expect(list.groupVersion).toBe('admissionregistration.k8s.io/v1');
        const names = list.resources.map(({ name }) => name);
        expect(names).toEqual(
            expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']),
        );
    });

    it('deny pods and config maps that are created or become as they must not be', async () => {
        const selector = {
            ...mine,
            matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }],
        };
        await register(
            'validating',
            'deny',
            hook('deny-unwanted-pod-container-name-and-label.k8s.io', '/pods', {
                rules: [ruleOf(['pods'])],
                timeoutSeconds: 1,
            }),
            hook('deny-unwanted-configmap-data.k8s.io', '/configmaps', {
                rules: [ruleOf(['configmaps'], ['CREATE', 'UPDATE', 'DELETE'])],
                namespaceSelector: selector,
            }),
        );
        const pods = `/api/v1/namespaces/${namespace}/pods`;
        const pod = (name: string, label: string) => ({
            metadata: { name, labels: { 'webhook-e2e-test': label } },
            spec: { containers: [{ name: label, image: pause }] },
        });
        const wrong = await cluster.refused('POST', pods, {
            body: pod('disallowed-pod', 'webhook-disallow'),
        });
        expect(wrong.message).toContain('the pod contains unwanted container name');
        expect(wrong.message).toContain('the pod contains unwanted label');
        const hanging = await cluster.refused('POST', pods, { body: pod('hanging-pod', 'wait-forever') });
        expect(hanging.message).toMatch(/webhook.*deadline/);
        expect(await cluster.find(`${pods}/hanging-pod`)).toBeUndefined();

        const unwanted = 'the configmap contains unwanted key and value';
        expect(await mapRefused('disallowed-configmap', disallowed)).toContain(unwanted);
        const allowed = await createMap('allowed-configmap', { admit: 'this' });
        const put = await cluster.refused('PUT', `${maps}/allowed-configmap`, {
            body: { ...allowed, data: disallowed },
        });
        expect(put.message).toContain(unwanted);
        const patched = await cluster.refused('PATCH', `${maps}/allowed-configmap`, {
            body: { data: disallowed },
            headers: { 'content-type': 'application/strategic-merge-patch+json' },
        });
        expect(patched.message).toContain(unwanted);
        const exempted = await cluster.namespace('exempted-namespace', {
            'skip-webhook-admission': 'yes',
            'e2e-webhook': 'true',
        });
        await cluster.create(`/api/v1/namespaces/${exempted}/configmaps`, {
            metadata: { name: 'disallowed-configmap' },
            data: disallowed,
        });
    });

    it('deny attaching to a pod', async () => {
        await register(
            'validating',
            'attach',
            hook('deny-attaching-pod.k8s.io', '/pods/attach', {
                rules: [ruleOf(['pods/attach'], ['CONNECT'])],
            }),
        );
        const pods = `/api/v1/namespaces/${namespace}/pods`;
        const spec = { containers: [{ name: 'container1', image: pause }] };
        await cluster.create(pods, { metadata: { name: 'to-be-attached-pod' }, spec });
        // No kubelet runs here: the test says that the pod does.
        await cluster.patch(`${pods}/to-be-attached-pod/status`, 'merge', { status: { phase: 'Running' } });
        const { code, stderr } = await cluster.kubectl(
            ['-n', namespace, 'attach', 'to-be-attached-pod', '-i', '-c=container1'],
            '',
        );
        expect(code).not.toBe(0);
        expect(stderr).toContain("attaching to pod 'to-be-attached-pod' is not allowed");
    });

    it('fail requests when they cannot be called and their policy says so', async () => {
        const failing = await cluster.namespace('fail-closed-namespace', {
            'fail-closed-webhook': 'yes',
            'e2e-webhook': 'true',
        });
        const { service: reference } = service.at('/configmaps');
        await register(
            'validating',
            'fail-closed',
            hook('fail-closed.k8s.io', '/configmaps', {
                // Without an authority that it could be trusted by.
                clientConfig: { service: reference },
                failurePolicy: 'Fail',
                namespaceSelector: {
                    ...mine,
                    matchExpressions: [{ key: 'fail-closed-webhook', operator: 'In', values: ['yes'] }],
                },
            }),
        );
        const path = `/api/v1/namespaces/${failing}/configmaps`;
        const refusal = await cluster.refused('POST', path, { body: { metadata: { name: 'foo' } } });
        expect(refusal).toMatchObject({ code: 500, reason: 'InternalError' });
    });

    it('change config maps one after the other', async () => {
        await register(
            'mutating',
            'stages',
            hook('adding-configmap-data-stage-1.k8s.io', '/mutating-configmaps'),
            hook('adding-configmap-data-stage-2.k8s.io', '/mutating-configmaps'),
        );
        expect((await createMap('to-be-mutated', { 'mutation-start': 'yes' })).data).toEqual({
            'mutation-start': 'yes',
            'mutation-stage-1': 'yes',
            'mutation-stage-2': 'yes',
        });
    });

    it('change pods, whose new parts are then defaulted', async () => {
        await register(
            'mutating',
            'pods',
            hook('adding-init-container.k8s.io', '/mutating-pods', { rules: [ruleOf(['pods'])] }),
        );
        interface Pod extends Thing {
            spec: { initContainers: { name: string; terminationMessagePolicy: string }[] };
        }
        const pod = await cluster.create<Pod>(`/api/v1/namespaces/${namespace}/pods`, {
            metadata: { name: 'webhook-to-be-mutated' },
            spec: { containers: [{ name: 'example', image: pause }] },
        });
        expect(pod.spec.initContainers).toEqual([
            expect.objectContaining({
                name: 'webhook-added-init-container',
                terminationMessagePolicy: 'File',
            }),
        ]);
    });

    it('neither change configurations of webhooks nor prevent that they are deleted', async () => {
        const resources = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'];
        const admission = ['admissionregistration.k8s.io'];
        // Without a selector they would meet every object of the cluster's.
        await register(
            'validating',
            'blocking',
            hook('deny-webhook-configuration-deletions.k8s.io', '/always-deny', {
                rules: [ruleOf(resources, ['DELETE'], admission)],
                namespaceSelector: {},
            }),
        );
        await register(
            'mutating',
            'blocking',
            hook('add-label-to-webhook-configurations.k8s.io', '/add-label', {
                rules: [ruleOf(resources, ['CREATE'], admission)],
                namespaceSelector: {},
            }),
        );
        for (const kind of ['validating', 'mutating'] as const) {
            const dummy = hook(`dummy-${kind}-webhook.k8s.io`, '', {
                rules: [ruleOf(['invalid'])],
                failurePolicy: 'Ignore',
            });
            const made = await register(kind, 'dummy', dummy);
            expect(made.metadata.labels ?? {}).not.toHaveProperty('added-label');
            await remove(kind, 'dummy');
            expect(await cluster.find(`${configurations(kind)}/dummy`)).toBeUndefined();
        }
    });

    it('are given as long as they say, and then fail or are ignored', async () => {
        const slow = async (failurePolicy: string, timeoutSeconds?: number): Promise<Configuration> =>
            await register(
                'validating',
                'slow',
                hook('allow-configmap-with-delay-webhook.k8s.io', '/always-allow-delay-5s', {
                    failurePolicy,
                    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
                }),
            );
        const name = 'e2e-test-slow-webhook-configmap';
        const created = async (): Promise<void> => {
            await createMap(name, {});
            await cluster.delete(`${maps}/${name}`);
            await remove('validating', 'slow');
        };
        await slow('Fail', 1);
        const message = await mapRefused(name, {});
        expect(message).toMatch(/context deadline exceeded|timeout/);
        expect(message).toContain('/always-allow-delay-5s?timeout=1s');
        await remove('validating', 'slow');
        await slow('Ignore', 1);
        await created();
        await slow('Fail', 10);
        await created();
        // The default is 10 s.
        expect((await slow('Fail')).webhooks[0]?.timeoutSeconds).toBe(10);
        await created();
    });

    describe('whose configuration changes', () => {
        const operationsPath = '/webhooks/0/rules/0/operations';
        const setOperations = async (kind: Kind, operations: string[]): Promise<void> => {
            await cluster.change<Configuration>(`${configurations(kind)}/changing`, ({ webhooks }) => {
                const rule = webhooks[0]?.rules[0];
                if (rule !== undefined) rule.operations = operations;
            });
        };
        const patchOperations = async (kind: Kind): Promise<void> => {
            await cluster.patch(`${configurations(kind)}/changing`, 'json', [
                { op: 'replace', path: operationsPath, value: ['CREATE'] },
            ]);
        };

        it('deny what the configuration says now', async () => {
            await register(
                'validating',
                'changing',
                hook('deny-unwanted-configmap-data.k8s.io', '/configmaps'),
            );
            expect(await mapRefused('one', disallowed)).toContain('denied');
            await setOperations('validating', ['UPDATE']);
            await eventually('it is created', async () => {
                const body = { metadata: { name: 'two' }, data: disallowed };
                return (await cluster.call('POST', maps, { body })).status === 201;
            });
            await patchOperations('validating');
            await eventually('it is denied', async () => {
                const body = { metadata: { generateName: 'three-' }, data: disallowed };
                const { status, text } = await cluster.call('POST', maps, { body });
                return status > 299 && text.includes('denied');
            });
        });

        it('change what the configuration says now', async () => {
            await register(
                'mutating',
                'changing',
                hook('adding-configmap-data-stage-1.k8s.io', '/mutating-configmaps'),
            );
            const isMutated = async (): Promise<boolean> => {
                const { data } = await cluster.create<ConfigMap>(maps, {
                    metadata: { generateName: 'map-' },
                    data: { 'mutation-start': 'yes' },
                });
                return data?.['mutation-stage-1'] === 'yes';
            };
            expect(await isMutated()).toBe(true);
            await setOperations('mutating', ['UPDATE']);
            await eventually('it is left alone', async () => !(await isMutated()));
            await patchOperations('mutating');
            await eventually('it is changed', isMutated);
        });

        it('are listed by label and deleted as a collection', async () => {
            const query = 'labelSelector=e2e-list-test-uuid%3Dabc';
            const labels = { 'e2e-list-test-uuid': 'abc' };
            for (const [kind, path] of [
                ['validating', '/configmaps'],
                ['mutating', '/mutating-configmaps'],
            ] as const) {
                for (let i = 0; i < 10; i++) {
                    const made = configurationOf(kind, `list-${i}`, [hook(`hook-${i}.k8s.io`, path)]);
                    await cluster.create(configurations(kind), {
                        ...made,
                        metadata: { name: `list-${i}`, labels },
                    });
                }
                const { items } = await cluster.list(`${configurations(kind)}?${query}`);
                expect(items).toHaveLength(10);
                await ready();
                const data = { ...disallowed, 'mutation-start': 'yes' };
                if (kind === 'validating') expect(await mapRefused('listed', data)).toContain('denied');
                else expect((await createMap('listed-m', data)).data).toHaveProperty('mutation-stage-1');
                await cluster.delete(`${configurations(kind)}?${query}`);
                expect((await cluster.list(`${configurations(kind)}?${query}`)).items).toEqual([]);
                await eventually('nothing is in the way', async () => {
                    const body = { metadata: { generateName: 'free-' }, data };
                    const { status, text } = await cluster.call('POST', maps, { body });
                    return status === 201 && !text.includes('mutation-stage-1');
                });
            }
        });
    });

    describe('with match conditions', () => {
        const condition = (name: string, expression: string) => ({ name, expression });
        const production = condition('expression-1', "object.metadata.namespace == 'production'");
        const staging = condition('expression-2', "object.metadata.namespace == 'staging'");

        it.each(['validating', 'mutating'] as const)('are stored and updated: %s', async (kind) => {
            const path = `${configurations(kind)}/conditions`;
            const path0 = kind === 'validating' ? '/always-deny' : '/mutating-configmaps';
            await register(kind, 'conditions', hook('a.b.k8s.io', path0, { matchConditions: [production] }));
            const read = async () => (await cluster.get<Configuration>(path)).webhooks[0]?.matchConditions;
            expect(await read()).toEqual([production]);
            await cluster.change<Configuration>(path, ({ webhooks: [first] }) => {
                if (first !== undefined) first.matchConditions = [production, staging];
            });
            expect(await read()).toEqual([production, staging]);
        });

        it.each(['validating', 'mutating'] as const)(
            'are refused when they do not compile: %s',
            async (kind) => {
                const bad = [condition('invalid-expression-1', '... [] bad expression')];
                const body = configurationOf(kind, 'bad', [
                    hook('a.b.k8s.io', '/always-deny', { matchConditions: bad }),
                ]);
                const refusal = await cluster.refused('POST', configurations(kind), { body });
                expect(refusal.code).toBe(422);
                expect(refusal.message).toContain('compilation failed');
            },
        );

        it('are called for all but what the conditions leave out', async () => {
            const matchConditions = [condition('skip-me', "object.metadata.name != 'skip-me'")];
            await register(
                'mutating',
                'skipping',
                hook('adding-configmap-data-stage-1.k8s.io', '/mutating-configmaps', { matchConditions }),
            );
            const start = { 'mutation-start': 'yes' };
            expect((await createMap('any-name', start)).data).toEqual({
                ...start,
                'mutation-stage-1': 'yes',
            });
            expect((await createMap('skip-me', start)).data).toEqual(start);
        });
    });

    describe('of custom resources', () => {
        let made = 0;
        let resource: CustomResource;
        const prepare = async (names: string[], schema: Schema = anything): Promise<void> => {
            resource = await define(cluster, {
                group: 'webhook.example.com',
                name: `e2etestwebhook${++made}crd`,
                versions: versions(names, schema),
            });
        };
        const custom = (name: string, path: string, operations: string[]): object =>
            hook(name, path, { rules: [ruleOf([resource.plural], operations, [resource.group])] });
        const registerStages = async (): Promise<void> => {
            await register(
                'mutating',
                'stages',
                custom('mutate-custom-resource-data-stage-1.k8s.io', '/mutating-custom-resource', [
                    'CREATE',
                    'UPDATE',
                ]),
                custom('mutate-custom-resource-data-stage-2.k8s.io', '/mutating-custom-resource', ['CREATE']),
            );
        };
        beforeEach(async () => {
            await prepare(['v1', 'v2']);
        });
        afterEach(async () => {
            for (const kind of ['validating', 'mutating'] as const)
                await cluster.delete(configurations(kind));
            await undefine(cluster, resource);
        });

        it('deny that they are created, updated and deleted', async () => {
            await register(
                'validating',
                'deny',
                custom('deny-unwanted-custom-resource-data.k8s.io', '/custom-resource', [
                    'CREATE',
                    'UPDATE',
                    'DELETE',
                ]),
            );
            const path = resource.path('v1', namespace);
            const unwanted = 'the custom resource contains unwanted data';
            const bad = resource.object('v1', 'cr-instance-1', { data: disallowed });
            expect((await cluster.refused('POST', path, { body: bad })).message).toContain(unwanted);
            const data = { 'webhook-e2e-test': 'webhook-nondeletable' };
            const kept = await cluster.create<ConfigMap>(
                path,
                resource.object('v1', 'cr-instance-2', { data }),
            );
            const one = `${path}/cr-instance-2`;
            const body = { ...kept, data: disallowed };
            expect((await cluster.refused('PUT', one, { body })).message).toContain(unwanted);
            expect((await cluster.refused('DELETE', one)).message).toContain(
                'the custom resource cannot be deleted because it contains unwanted key and value',
            );
            await cluster.change<ConfigMap>(one, (object) => {
                object.data = { 'webhook-e2e-test': 'webhook-allow' };
            });
            await cluster.delete(one);
        });

        it('change them', async () => {
            await registerStages();
            const data = { 'mutation-start': 'yes' };
            const created = await cluster.create<ConfigMap>(
                resource.path('v1', namespace),
                resource.object('v1', 'cr-instance-1', { data }),
            );
            expect(created.data).toEqual({ ...data, 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
        });

        it('add nothing to them that their schema does not have', async () => {
            await undefine(cluster, resource);
            const text = { type: 'string' };
            const properties = { 'mutation-start': text, 'mutation-stage-1': text };
            await prepare(['v1'], { type: 'object', properties: { data: { type: 'object', properties } } });
            await registerStages();
            const data = { 'mutation-start': 'yes' };
            const created = await cluster.create<ConfigMap>(
                resource.path('v1', namespace),
                resource.object('v1', 'cr-instance-1', { data }),
            );
            expect(created.data).toEqual({ ...data, 'mutation-stage-1': 'yes' });
        });

        it('change them also when another version is stored than before', async () => {
            await registerStages();
            const data = { 'mutation-start': 'yes' };
            const object = resource.object('v1', 'cr-instance-1', { data });
            await cluster.create(resource.path('v1', namespace), object);
            const stored = versions(['v2', 'v1']);
            await cluster.patch(resource.definition, 'strategic', { spec: { versions: stored.reverse() } });
            const dummy = [{ op: 'add', path: '/dummy', value: 'test' }];
            const path = `${resource.path('v2', namespace)}/cr-instance-1`;
            const patched = await cluster.patch<ConfigMap & { dummy: string }>(path, 'json', dummy);
            expect(patched.data).toEqual({ ...data, 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
            expect(patched.dummy).toBe('test');
            expect(patched.apiVersion).toBe('webhook.example.com/v2');
        });

        it('deny definitions of them', async () => {
            await register(
                'validating',
                'definitions',
                hook('deny-crd-with-unwanted-label.k8s.io', '/crd', {
                    rules: [ruleOf(['customresourcedefinitions'], ['CREATE'], ['apiextensions.k8s.io'])],
                    namespaceSelector: {},
                    objectSelector: mine,
                }),
            );
            const body = definitionOf({
                group: 'webhook.example.com',
                name: 'denied',
                versions: versions(['v1']),
                labels: { 'e2e-webhook': 'true', ...disallowed },
            });
            const refusal = await cluster.refused('POST', definitionsPath, { body });
            expect(refusal.message).toContain('the crd contains unwanted label');
        });
    });
}
