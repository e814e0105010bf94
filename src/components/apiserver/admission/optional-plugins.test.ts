import { beforeEach, describe, expect, it } from '@jest/globals';
import { resourceDefinitions } from '../../../api/groups/index.ts';
import type { ApiObject, V1Pod } from '../../../api/meta/object.ts';
import { namespaces, nodes, resourceQuotas } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { ResourceAttributes } from '../authorizer.ts';
import { admissionRequest, admit } from '../testing/admission-request.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { type AdmissionConfiguration, readAdmissionConfiguration } from './configuration.ts';
import { admissionPluginNames, createAdmission } from './index.ts';

let reader: MemoryReader;
let client: MemoryClient;
let nowMs: number;
let asked: ResourceAttributes[];
let denied: (attributes: ResourceAttributes) => boolean;

const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => () => undefined };
const only = (name: string, configuration?: AdmissionConfiguration): AdmissionPlugin[] =>
    createAdmission({
        reader,
        client: () => client,
        enable: [name],
        disable: admissionPluginNames.filter((other) => other !== name),
        clock,
        definitions: resourceDefinitions,
        authorizer: {
            authorize: (_identity: unknown, attributes: ResourceAttributes) => {
                asked.push(attributes);
                return denied(attributes)
                    ? { outcome: 'noOpinion', reason: 'no rule' }
                    : { outcome: 'allow', reason: '' };
            },
        } as never,
        ...(configuration === undefined ? {} : { configuration }),
    }).filter((plugin) => plugin.name === name);
const configured = async (name: string, configuration: object): Promise<AdmissionConfiguration> => {
    const file = {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AdmissionConfiguration',
        plugins: [{ name, path: 'plugin.yaml' }],
    };
    return await readAdmissionConfiguration(Buffer.from(JSON.stringify(file)), (path) => {
        expect(path).toBe('plugin.yaml');
        return Promise.resolve(Buffer.from(JSON.stringify(configuration)));
    });
};
const pod = (spec: object = {}, metadata: object = {}): V1Pod => ({
    metadata: { namespace: 'shop', name: 'web', ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
});
const run = async (
    plugins: readonly AdmissionPlugin[],
    object: ApiObject,
    more: Partial<AdmissionRequest> & { resource?: string } = {},
) => (await admit(plugins, admissionRequest(more.resource ?? 'pods', object, more))).object as V1Pod;
const namespace = (annotations: Record<string, string> = {}): void => {
    reader.set(namespaces, { metadata: { name: 'shop', annotations } });
};

beforeEach(() => {
    reader = new MemoryReader();
    client = new MemoryClient(reader);
    nowMs = 0;
    asked = [];
    denied = () => false;
    namespace();
});

describe('AlwaysAdmit and AlwaysDeny', () => {
    it('do what they say', async () => {
        await run(only('AlwaysAdmit'), pod());
        for (const operation of ['CREATE', 'DELETE'] as const) {
            await expect(run(only('AlwaysDeny'), pod(), { operation })).rejects.toThrow(
                'pods "web" is forbidden: admission control is denying all modifications',
            );
        }
    });
});

describe('NamespaceExists and NamespaceAutoProvision', () => {
    const stray = pod({}, { namespace: 'new' });

    it('refuse what is in no namespace', async () => {
        const plugins = only('NamespaceExists');
        await run(plugins, pod());
        await expect(run(plugins, stray, { operation: 'DELETE' })).rejects.toMatchObject({
            status: { code: 404, message: 'namespaces "new" not found' },
        });
    });

    it('make the namespace, but not for a trial', async () => {
        const plugins = only('NamespaceAutoProvision');
        await run(plugins, stray, { dryRun: true });
        await run(plugins, pod());
        expect(client.writes).toEqual([]);
        await run(plugins, stray);
        expect(client.writes).toEqual(['create namespaces new']);
    });
});

describe('LimitPodHardAntiAffinityTopology', () => {
    it('lets pods keep others off their node only', async () => {
        const away = (topologyKey: string) => ({
            affinity: {
                podAntiAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: {} }],
                },
            },
        });
        const plugins = only('LimitPodHardAntiAffinityTopology');
        await run(plugins, pod(away('kubernetes.io/hostname')));
        await expect(run(plugins, pod(away('zone')))).rejects.toThrow(
            'affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
        );
    });
});

describe('AlwaysPullImages', () => {
    it('is for containers of every sort and for volumes of images', async () => {
        const spec = {
            containers: [{ name: 'c', imagePullPolicy: 'Never' }],
            initContainers: [{ name: 'i' }],
            volumes: [{ name: 'v', image: { reference: 'r', pullPolicy: 'Never' } }],
        };
        expect((await run(only('AlwaysPullImages'), pod(spec))).spec).toMatchObject({
            containers: [{ imagePullPolicy: 'Always' }],
            initContainers: [{ imagePullPolicy: 'Always' }],
            volumes: [{ image: { pullPolicy: 'Always' } }],
        });
    });
});

describe('DenyServiceExternalIPs', () => {
    it('lets external addresses go but not come', async () => {
        const plugins = only('DenyServiceExternalIPs');
        const service = (...externalIPs: string[]) =>
            ({ metadata: { namespace: 'shop', name: 's' }, spec: { externalIPs } }) as ApiObject;
        const update = (before: ApiObject) => ({
            resource: 'services',
            operation: 'UPDATE' as const,
            oldObject: before,
        });
        await run(plugins, service(), { resource: 'services' });
        await run(plugins, service('1.1.1.1'), update(service('2.2.2.2', '1.1.1.1')));
        const refused = 'services "s" is forbidden: Use of external IPs is denied by admission control';
        await expect(run(plugins, service('1.1.1.1'), { resource: 'services' })).rejects.toThrow(refused);
        await expect(run(plugins, service('3.3.3.3'), update(service('1.1.1.1')))).rejects.toThrow(refused);
    });
});

describe('ExtendedResourceToleration', () => {
    it('tolerates the taints of devices that a pod asks for, once', async () => {
        const resources = { requests: { 'example.com/gpu': '1', cpu: '1' } };
        const tolerations = [{ key: 'a', operator: 'Exists' }];
        const object = pod({ containers: [{ name: 'c', resources }], tolerations });
        const plugins = only('ExtendedResourceToleration');
        const expected = [
            ...tolerations,
            { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
        ];
        expect((await run(plugins, object)).spec?.tolerations).toEqual(expected);
        expect((await run(plugins, object)).spec?.tolerations).toEqual(expected);
    });
});

describe('PodTopologyLabels', () => {
    beforeEach(() => {
        const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', a: 'b' };
        reader.set(nodes, { metadata: { name: 'n1', labels } });
    });

    it("gives a binding the labels of its node's place, but for those that it has", async () => {
        const binding = (target: object) =>
            ({
                metadata: {
                    name: 'web',
                    namespace: 'shop',
                    labels: { 'topology.kubernetes.io/zone': 'own' },
                },
                target,
            }) as ApiObject;
        const plugins = only('PodTopologyLabels');
        const bound = await run(plugins, binding({ kind: 'Node', name: 'n1' }), { resource: 'pods/binding' });
        expect(bound.metadata?.labels).toEqual({
            'topology.kubernetes.io/zone': 'own',
            'topology.kubernetes.io/region': 'r',
        });
        const other = await run(plugins, binding({ kind: 'Node', name: 'n2' }), { resource: 'pods/binding' });
        expect(other.metadata?.labels).toEqual({ 'topology.kubernetes.io/zone': 'own' });
        const empty: ApiObject = { metadata: { namespace: 'shop' } };
        expect(await run(plugins, empty, { resource: 'pods/binding' })).toEqual({
            metadata: { namespace: 'shop' },
        });
    });

    it('gives them to pods that are made on a node', async () => {
        const plugins = only('PodTopologyLabels');
        expect((await run(plugins, pod({ nodeName: 'n1' }))).metadata?.labels).toEqual({
            'topology.kubernetes.io/zone': 'z',
            'topology.kubernetes.io/region': 'r',
        });
        expect((await run(plugins, pod())).metadata?.labels).toBeUndefined();
    });
});

describe('OwnerReferencesPermissionEnforcement', () => {
    const owner = (more: object = {}) => ({
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'rs',
        uid: 'u',
        ...more,
    });
    const owned = (...ownerReferences: object[]) => pod({}, { ownerReferences });

    it('asks whether the object may be deleted, when its owners change', async () => {
        const plugins = only('OwnerReferencesPermissionEnforcement');
        await run(plugins, pod());
        await run(plugins, owned(owner()), { operation: 'UPDATE', oldObject: owned(owner()) });
        expect(asked).toEqual([]);
        await run(plugins, owned(owner()));
        expect(asked).toMatchObject([{ verb: 'delete', resource: 'pods', namespace: 'shop', name: 'web' }]);
        denied = ({ verb }) => verb === 'delete';
        await expect(run(plugins, owned(owner()))).rejects.toThrow(
            'pods "web" is forbidden: cannot set an ownerRef on a resource you can\'t delete: no rule, <nil>',
        );
        await run(plugins, owned(owner()), { resource: 'pods/status', operation: 'UPDATE' });
    });

    it("asks for the owner's finalizers when it is to wait", async () => {
        const plugins = only('OwnerReferencesPermissionEnforcement');
        const blocking = owner({ blockOwnerDeletion: true });
        await run(plugins, owned(blocking));
        expect(asked[1]).toMatchObject({
            verb: 'update',
            group: 'apps',
            resource: 'replicasets',
            subresource: 'finalizers',
            namespace: 'shop',
            name: 'rs',
        });
        denied = ({ subresource }) => subresource === 'finalizers';
        const refused =
            "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: no rule, <nil>";
        await expect(run(plugins, owned(blocking))).rejects.toThrow(refused);
        const update = (before: object) => ({ operation: 'UPDATE' as const, oldObject: owned(before) });
        await expect(run(plugins, owned(blocking), update(owner()))).rejects.toThrow(refused);
        await run(plugins, owned(blocking, owner({ uid: 'v' })), update(blocking));
        await expect(
            run(plugins, owned(owner({ kind: 'Nothing', blockOwnerDeletion: true }))),
        ).rejects.toThrow(
            'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nothing: no matches for kind "Nothing" in version "apps/v1"',
        );
    });
});

describe('PodNodeSelector', () => {
    const annotation = 'scheduler.alpha.kubernetes.io/node-selector';
    const configuration = async () =>
        await configured('PodNodeSelector', {
            podNodeSelectorPluginConfig: {
                clusterDefaultNodeSelector: 'kind=any',
                shop: 'kind=any, disk=ssd',
            },
        });

    it("adds the namespace's selector, or that of the cluster", async () => {
        const plugins = only('PodNodeSelector', await configuration());
        expect((await run(plugins, pod())).spec?.nodeSelector).toEqual({ kind: 'any' });
        namespace({ [annotation]: 'disk=ssd' });
        const both = await run(plugins, pod({ nodeSelector: { kind: 'any' } }));
        expect(both.spec?.nodeSelector).toEqual({ disk: 'ssd', kind: 'any' });
        namespace({ [annotation]: '' });
        expect((await run(plugins, pod())).spec?.nodeSelector).toBeUndefined();
    });

    it('refuses what conflicts and what is not allowed', async () => {
        const plugins = only('PodNodeSelector', await configuration());
        await expect(run(plugins, pod({ nodeSelector: { kind: 'mine' } }))).rejects.toThrow(
            'pods "web" is forbidden: pod node label selector conflicts with its namespace node label selector',
        );
        await expect(run(plugins, pod({ nodeSelector: { arch: 'arm' } }))).rejects.toThrow(
            'pods "web" is forbidden: pod node label selector labels conflict with its namespace whitelist',
        );
        namespace({ [annotation]: 'a=b=c' });
        await expect(run(plugins, pod())).rejects.toMatchObject({
            status: { code: 500, message: 'invalid selector: [a=b=c]' },
        });
    });
});

describe('PodTolerationRestriction', () => {
    const a = { key: 'a', operator: 'Exists', effect: 'NoSchedule' };
    const b = { key: 'b', operator: 'Equal', value: 'x', effect: 'NoExecute' };
    const refused = {
        status: {
            code: 500,
            message:
                'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
        },
    };

    it('merges those of the namespace, or of the cluster, with those of the pod', async () => {
        const configuration = await configured('PodTolerationRestriction', {
            apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
            kind: 'Configuration',
            default: [b],
        });
        const plugins = only('PodTolerationRestriction', configuration);
        expect((await run(plugins, pod())).spec?.tolerations).toEqual([b]);
        namespace({ 'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify([a]) });
        const narrow = { ...a, operator: 'Equal', value: 'v' };
        expect((await run(plugins, pod({ tolerations: [narrow] }))).spec?.tolerations).toEqual([a]);
        const resources = { requests: { cpu: '1' } };
        const burstable = await run(plugins, pod({ containers: [{ name: 'c', resources }] }));
        expect(burstable.spec?.tolerations).toEqual([
            a,
            { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
        ]);
    });

    it('refuses those that the namespace does not allow', async () => {
        const plugins = only('PodTolerationRestriction');
        namespace({ 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': JSON.stringify([a]) });
        await run(plugins, pod({ tolerations: [a] }));
        await expect(run(plugins, pod({ tolerations: [b] }))).rejects.toMatchObject(refused);
        await expect(run(plugins, pod({ tolerations: [{ operator: 'Exists' }] }))).rejects.toMatchObject(
            refused,
        );
        namespace({ 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': 'nonsense' });
        await expect(run(plugins, pod({ tolerations: [a] }))).rejects.toMatchObject({
            status: { code: 500 },
        });
    });
});

describe('EventRateLimit', () => {
    const limits = (...list: object[]) => ({
        apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        limits: list,
    });
    const event = (home: string) =>
        ({
            kind: 'Event',
            metadata: { namespace: home, name: 'e' },
            source: { component: 'x' },
        }) as ApiObject;

    it('refuses events that come too fast, by key', async () => {
        const configuration = await configured(
            'EventRateLimit',
            limits(
                { type: 'Namespace', qps: 2, burst: 2 },
                { type: 'SourceAndObject', qps: 1000, burst: 1000 },
            ),
        );
        const plugins = only('EventRateLimit', configuration);
        const send = async (home: string) => await run(plugins, event(home), { resource: 'events' });
        await send('shop');
        await send('shop');
        await expect(send('shop')).rejects.toMatchObject({
            status: { code: 429, message: 'Too many requests: limit reached on type Namespace for key shop' },
        });
        await send('other');
        nowMs = 500;
        await send('shop');
        await expect(send('shop')).rejects.toThrow('limit reached');
    });

    it.each<[object, string]>([
        [{ type: 'X', qps: 1, burst: 1 }, 'limits[0].type: Unsupported value: "X"'],
        [{ type: 'Server', qps: 0, burst: 1 }, 'limits[0].qps: Invalid value: 0: must be positive'],
        [{ type: 'User', qps: 1 }, 'limits[0].burst: Invalid value: 0: must be positive'],
        [
            { type: 'User', qps: 1, burst: 1, cacheSize: -1 },
            'limits[0].cacheSize: Invalid value: -1: must not be negative',
        ],
    ])('does not take %j', async (limit, message) => {
        await expect(configured('EventRateLimit', limits(limit))).rejects.toThrow(message);
    });

    it('cannot do without limits', () => {
        expect(() => only('EventRateLimit')).toThrow('needs its limits from --admission-control-config-file');
    });
});

describe('limited resources of ResourceQuota', () => {
    const configuration = async (limited: object) =>
        await configured('ResourceQuota', {
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'ResourceQuotaConfiguration',
            limitedResources: [limited],
        });
    const quota = (hard: object, spec: object = {}): void => {
        const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
        reader.set(resourceQuotas, {
            metadata: { name: 'q', namespace: 'shop' },
            spec: { hard, ...spec },
            status: { hard, used },
        } as ApiObject);
    };

    it('may only be used where a quota counts them', async () => {
        const limited = { resource: 'pods', matchContains: ['requests.cpu'] };
        const plugins = only('ResourceQuota', await configuration(limited));
        const asking = () => pod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] });
        await run(plugins, pod());
        await expect(run(plugins, asking())).rejects.toThrow(
            'pods "web" is forbidden: insufficient quota to consume: requests.cpu',
        );
        quota({ 'requests.cpu': '2' });
        await run(plugins, asking());
    });

    it('include scopes, such as a class of priority', async () => {
        const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] };
        const plugins = only(
            'ResourceQuota',
            await configuration({ resource: 'pods', matchScopes: [scope] }),
        );
        await run(plugins, pod());
        const high = pod({ priorityClassName: 'high' });
        await expect(run(plugins, high)).rejects.toThrow(
            'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
        );
        quota({ pods: '1' }, { scopeSelector: { matchExpressions: [scope] } });
        await run(plugins, high);
    });
});

describe('the configuration file', () => {
    it.each<[string, object, string]>([
        ['NamespaceLifecycle', {}, 'the admission plugin "NamespaceLifecycle" takes no configuration'],
        [
            'ClusterTrustBundleAttest',
            {},
            'the admission plugin "ClusterTrustBundleAttest" is not built into this API server',
        ],
        ['ResourceQuota', {}, 'expected a ResourceQuotaConfiguration of apiserver.config.k8s.io/v1'],
        [
            'MutatingAdmissionWebhook',
            {
                apiVersion: 'apiserver.config.k8s.io/v1',
                kind: 'WebhookAdmissionConfiguration',
                kubeConfigFile: 'a',
            },
            'kubeConfigFile: Invalid value: "a": must be an absolute file path',
        ],
        [
            'PodNodeSelector',
            { podNodeSelectorPluginConfig: { a: 1 } },
            'must map namespaces to node selectors',
        ],
    ])('is refused where it says of %s: %j', async (name, content, message) => {
        await expect(configured(name, content)).rejects.toThrow(message);
    });

    it('may have an empty configuration of webhooks', async () => {
        await configured('ValidatingAdmissionWebhook', {
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'WebhookAdmissionConfiguration',
        });
    });
});
