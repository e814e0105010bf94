import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject, V1Node, V1Pod } from '../../../api/meta/object.ts';
import {
    csiDrivers,
    limitRanges,
    namespaces,
    nodes,
    persistentVolumeClaims,
    persistentVolumes,
    pods,
    priorityClasses,
    resourceQuotas,
    serviceAccounts,
} from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { admissionRequest, admit } from '../testing/admission-request.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { admissionPluginNames, createAdmission } from './index.ts';
import { admissionPluginOrder, isOnByDefault } from './plugin-names.ts';

let reader: MemoryReader;
let client: MemoryClient;
let immediate: boolean;

const clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_delayMs: number, callback: () => void) => {
        if (immediate) queueMicrotask(callback);
        return () => undefined;
    },
};
const only = (...names: string[]): AdmissionPlugin[] =>
    createAdmission({
        reader,
        client: () => client,
        enable: names,
        disable: admissionPluginNames.filter((name) => !names.includes(name)),
        clock,
    });
const pod = (spec: object = {}, metadata: object = {}): V1Pod => ({
    metadata: { namespace: 'default', name: 'web', ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
});
const named = (name: string, more: object = {}, metadata: object = {}): ApiObject => ({
    metadata: { name, uid: `${name}-uid`, ...metadata },
    ...more,
});

beforeEach(() => {
    immediate = true;
    reader = new MemoryReader();
    client = new MemoryClient(reader);
    reader.set(namespaces, named('default', { status: { phase: 'Active' } }));
    reader.set(serviceAccounts, named('default', {}, { namespace: 'default' }));
});

describe('createAdmission', () => {
    const make = (enable: string[], disable: string[] = [], more: object = {}) =>
        createAdmission({ reader, client: () => client, enable, disable, ...more });

    it('refuses unknown names and tells the known ones', () => {
        expect(() => make(['LimitRangr'])).toThrow(
            /enable-admission-plugins plugin "LimitRangr" is unknown: known are AlwaysAdmit, .*TaintNodesByCondition/,
        );
        expect(() => make([], ['SecurityContextDeny'])).toThrow(
            'disable-admission-plugins plugin "SecurityContextDeny" is unknown',
        );
        expect(() => make(['Priority'], ['Priority'])).toThrow(
            '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
        );
        expect(make([], ['Priority']).map(({ name }) => name)).not.toContain('Priority');
        expect(make([]).at(-1)?.name).toBe('ResourceQuota');
        expect(make(['AlwaysDeny']).at(-1)?.name).toBe('AlwaysDeny');
        expect(make([]).map(({ name }) => name)).toContain('PodTopologyLabels');
    });

    it('lets plugins be turned off that it does not have, but not on', () => {
        const names = admissionPluginOrder.filter((name) => !admissionPluginNames.includes(name));
        expect(names).toContain('ClusterTrustBundleAttest');
        make([], names);
        for (const name of names) {
            expect(() => make([name])).toThrow(
                `enable-admission-plugins plugin "${name}" is not built into this API server`,
            );
        }
        expect(() => make([], [], { only: ['JobValidation'] })).toThrow(
            'admission-control plugin "JobValidation" is not built',
        );
    });

    it('runs them in the one order that there is', () => {
        expect(admissionPluginNames).toEqual(
            admissionPluginOrder.filter((name) => admissionPluginNames.includes(name)),
        );
        const own = make([]).map(({ name }) => name);
        expect(own.filter((name) => admissionPluginOrder.includes(name))).toEqual(
            admissionPluginOrder.filter((name) => admissionPluginNames.includes(name) && isOnByDefault(name)),
        );
    });

    it('takes a whole list instead of the default one, and nothing besides', () => {
        const only = ['ResourceQuota', 'LimitRanger'];
        const chosen = make([], [], { only }).map(({ name }) => name);
        expect(chosen.filter((name) => admissionPluginNames.includes(name))).toEqual([
            'LimitRanger',
            'ResourceQuota',
        ]);
        expect(() => make(['Priority'], [], { only })).toThrow('are mutually exclusive');
        expect(() => make([], [], { only: ['x'] })).toThrow('admission-control plugin "x" is unknown');
    });
});

describe('NamespaceLifecycle', () => {
    const run = async (request: AdmissionRequest) => await admit(only('NamespaceLifecycle'), request);

    it('refuses objects in a namespace that is not there', async () => {
        const request = admissionRequest('pods', pod({}, { namespace: 'nope' }));
        await expect(run(request)).rejects.toMatchObject({
            status: { code: 404, message: 'namespaces "nope" not found' },
        });
    });

    it('refuses new objects in a terminating namespace, but lets existing ones change and go', async () => {
        reader.set(namespaces, named('old', { status: { phase: 'Terminating' } }));
        const object = pod({}, { namespace: 'old' });
        await expect(run(admissionRequest('pods', object))).rejects.toMatchObject({
            status: {
                code: 403,
                message:
                    'pods "web" is forbidden: unable to create new content in namespace old because it is being terminated',
                details: {
                    causes: [
                        {
                            reason: 'NamespaceTerminating',
                            message: 'namespace old is being terminated',
                            field: 'metadata.namespace',
                        },
                    ],
                },
            },
        });
        await run(admissionRequest('pods', object, { operation: 'UPDATE' }));
        await run(admissionRequest('pods', undefined, { operation: 'DELETE', namespace: 'old' }));
    });

    it.each(['default', 'kube-system', 'kube-public'])('keeps %s', async (name) => {
        const request = admissionRequest('namespaces', undefined, { operation: 'DELETE', name });
        await expect(run(request)).rejects.toThrow(
            `namespaces "${name}" is forbidden: this namespace may not be deleted`,
        );
    });
});

describe('ServiceAccount', () => {
    const run = async (object: V1Pod) =>
        (await admit(only('ServiceAccount'), admissionRequest('pods', object))).object as V1Pod;

    it('gives a pod the default account and mounts its token in every container', async () => {
        const { spec } = await run(pod({ initContainers: [{ name: 'i' }] }));
        const name = spec?.volumes?.[0]?.name;
        expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
        expect(spec?.serviceAccountName).toBe('default');
        const mount = { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
        expect([spec?.containers[0], spec?.initContainers?.[0]].map((c) => c?.volumeMounts)).toEqual([
            [mount],
            [mount],
        ]);
        expect(spec?.volumes?.[0]?.projected?.sources).toHaveLength(3);
    });

    it.each([
        ['the pod says no', { automountServiceAccountToken: false }, {}],
        ['the account says no', {}, { automountServiceAccountToken: false }],
        [
            'the container mounts something there itself',
            {
                containers: [
                    {
                        name: 'c',
                        volumeMounts: [
                            { name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
                        ],
                    },
                ],
            },
            {},
        ],
    ])('mounts nothing when %s', async (_case, spec, account) => {
        reader.set(serviceAccounts, named('default', account, { namespace: 'default' }));
        expect((await run(pod(spec))).spec?.volumes).toBeUndefined();
    });

    it("passes the account's pull secrets on to pods without own ones", async () => {
        const account = { imagePullSecrets: [{ name: 'registry' }] };
        reader.set(serviceAccounts, named('default', account, { namespace: 'default' }));
        expect((await run(pod())).spec?.imagePullSecrets).toEqual([{ name: 'registry' }]);
        const own = await run(pod({ imagePullSecrets: [{ name: 'mine' }] }));
        expect(own.spec?.imagePullSecrets).toEqual([{ name: 'mine' }]);
    });

    it('refuses a pod whose account does not exist', async () => {
        await expect(run(pod({ serviceAccountName: 'ghost' }))).rejects.toThrow(
            'pods "web" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
        );
    });

    it('waits for the default account of a new namespace', async () => {
        immediate = false;
        const waiting = run(pod({}, { namespace: 'new' }));
        reader.set(serviceAccounts, named('default', {}, { namespace: 'new' }));
        expect((await waiting).spec?.serviceAccountName).toBe('default');
    });

    it.each<[string, object]>([
        [
            'volume with secret.secretName="other"',
            { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
        ],
        [
            'init container i with envFrom referencing secret.secretName="other"',
            { initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'other' } }] }] },
        ],
        [
            'container c with envVar A referencing secret.secretName="other"',
            {
                containers: [
                    { name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'other' } } }] },
                ],
            },
        ],
    ])('refuses a %s where the account names other secrets', async (refusal, spec) => {
        const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
        const secrets = [{ name: 'own' }];
        reader.set(
            serviceAccounts,
            named('default', { secrets, imagePullSecrets: secrets }, { namespace: 'default', annotations }),
        );
        const own = pod({ volumes: [{ name: 'v', secret: { secretName: 'own' } }] });
        await expect(run(own)).resolves.toBeDefined();
        await expect(run(pod(spec))).rejects.toThrow(
            `${refusal} is not allowed because service account default does not reference that secret`,
        );
        await expect(run(pod({ imagePullSecrets: secrets.concat({ name: 'other' }) }))).rejects.toThrow(
            'imagePullSecrets[1].name="other" is not allowed because service account default does not reference that imagePullSecret',
        );
    });

    it('refuses a container for debugging with a secret that the account does not name', async () => {
        const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
        reader.set(serviceAccounts, named('default', {}, { namespace: 'default', annotations }));
        const old = pod({ serviceAccountName: 'default' });
        const debug = (name: string, envFrom: object[]) =>
            pod({ serviceAccountName: 'default', ephemeralContainers: [{ name, envFrom }] });
        const add = async (object: V1Pod) =>
            await admit(
                only('ServiceAccount'),
                admissionRequest('pods/ephemeralcontainers', object, {
                    operation: 'UPDATE',
                    oldObject: old,
                }),
            );
        await expect(add(debug('d', []))).resolves.toBeDefined();
        await expect(add(debug('d', [{ secretRef: { name: 'other' } }]))).rejects.toThrow(
            'ephemeral container d with envFrom referencing secret.secretName="other" is not allowed because service account default does not reference that secret',
        );
    });

    it('leaves mirror pods alone, which may refer to nothing', async () => {
        const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
        expect((await run(pod({}, mirror))).spec?.serviceAccountName).toBeUndefined();
        const secret = { volumes: [{ name: 's', secret: { secretName: 's' } }] };
        await expect(run(pod(secret, mirror))).rejects.toThrow('a mirror pod may not reference secrets');
    });
});

describe('LimitRanger', () => {
    const range = (...limits: object[]) =>
        reader.set(limitRanges, named('l', { spec: { limits } }, { namespace: 'default' }));
    const run = async (resources: object) => {
        const object = pod({ containers: [{ name: 'c', resources }] });
        await admit(only('LimitRanger'), admissionRequest('pods', object));
        return object;
    };

    it('fills in defaults and says so', async () => {
        range({
            type: 'Container',
            default: { cpu: '500m', memory: '256Mi' },
            defaultRequest: { cpu: '100m', memory: '128Mi' },
        });
        const object = await run({ limits: { memory: '1Gi' } });
        expect(object.spec?.containers[0]?.resources).toEqual({
            limits: { cpu: '500m', memory: '1Gi' },
            requests: { cpu: '100m', memory: '1Gi' },
        });
        expect(object.metadata?.annotations?.['kubernetes.io/limit-ranger']).toBe(
            'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
        );
    });

    it.each([
        [{ max: { memory: '1Gi' } }, {}, 'maximum memory usage per Container is 1Gi.  No limit is specified'],
        [
            { max: { memory: '1Gi' } },
            { limits: { memory: '2Gi' } },
            'maximum memory usage per Container is 1Gi, but limit is 2Gi',
        ],
        [{ min: { cpu: '1' } }, {}, 'minimum cpu usage per Container is 1.  No request is specified'],
        [
            { min: { cpu: '1' } },
            { requests: { cpu: '500m' } },
            'minimum cpu usage per Container is 1, but request is 500m',
        ],
        [
            { maxLimitRequestRatio: { cpu: '2' } },
            { requests: { cpu: '100m' }, limits: { cpu: '300m' } },
            'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
        ],
        [
            { max: { cpu: '1', memory: '1Gi' } },
            {},
            '[maximum cpu usage per Container is 1.  No limit is specified, maximum memory usage per Container is 1Gi.  No limit is specified]',
        ],
    ])('refuses %j for %j', async (limits, resources, message) => {
        range({ type: 'Container', ...limits });
        await expect(run(resources)).rejects.toThrow(`pods "web" is forbidden: ${message}`);
    });

    it('holds resized pods to the limits, and leaves no note', async () => {
        range({
            type: 'Container',
            max: { cpu: '1' },
            default: { cpu: '500m' },
            defaultRequest: { cpu: '1m' },
        });
        const resize = async (resources: object, metadata: object = {}) => {
            const object = pod({ containers: [{ name: 'c', resources }] });
            const old = pod({}, metadata);
            const more = { operation: 'UPDATE', oldObject: old } as const;
            await admit(only('LimitRanger'), admissionRequest('pods/resize', object, more));
            return object;
        };
        await expect(resize({ limits: { cpu: '2' } })).rejects.toThrow(
            'maximum cpu usage per Container is 1, but limit is 2',
        );
        const fits = await resize({ requests: { cpu: '200m' } });
        expect(fits.spec?.containers[0]?.resources?.limits).toEqual({ cpu: '500m' });
        expect(fits.metadata?.annotations).toBeUndefined();
        const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
        await expect(resize({ limits: { cpu: '2' } }, going)).resolves.toBeDefined();
    });

    it('adds containers up for limits of pods', async () => {
        range({ type: 'Pod', max: { cpu: '1' } });
        const container = (name: string) => ({ name, resources: { limits: { cpu: '600m' } } });
        const object = pod({ containers: [container('a'), container('b')] });
        await expect(admit(only('LimitRanger'), admissionRequest('pods', object))).rejects.toThrow(
            'maximum cpu usage per Pod is 1, but limit is 1200m',
        );
    });
});

describe('Priority', () => {
    const run = async (spec: object) =>
        (await admit(only('Priority'), admissionRequest('pods', pod(spec)))).object as V1Pod;

    it('turns the class into a priority', async () => {
        reader.set(priorityClasses, named('high', { value: 1000, preemptionPolicy: 'Never' }));
        expect((await run({ priorityClassName: 'high' })).spec).toMatchObject({
            priority: 1000,
            preemptionPolicy: 'Never',
        });
        expect((await run({})).spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
        expect((await run({ priorityClassName: 'system-node-critical' })).spec?.priority).toBe(2_000_001_000);
        reader.set(priorityClasses, named('usual', { value: 5, globalDefault: true }));
        expect((await run({})).spec).toMatchObject({ priority: 5, priorityClassName: 'usual' });
    });

    it('refuses unknown classes, own numbers and a second default', async () => {
        await expect(run({ priorityClassName: 'x' })).rejects.toThrow(
            'pods "web" is forbidden: no PriorityClass with name x was found',
        );
        await expect(run({ priority: 7 })).rejects.toThrow(
            'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
        );
        reader.set(priorityClasses, named('usual', { value: 5, globalDefault: true }));
        const second = named('other', { value: 6, globalDefault: true });
        await expect(
            admit(only('Priority'), admissionRequest('priorityclasses.scheduling.k8s.io', second)),
        ).rejects.toThrow('PriorityClass usual is already marked as default. Only one default can exist');
    });
});

describe('NodeRestriction', () => {
    const identity = { username: 'system:node:n1', uid: '', groups: ['system:nodes'], extra: {} };
    const run = async (
        resource: string,
        object: ApiObject | undefined,
        more: Partial<AdmissionRequest> = {},
    ) => await admit(only('NodeRestriction'), admissionRequest(resource, object, { identity, ...more }));
    const node = (name: string, labels: object = {}, spec: object = {}): V1Node => ({
        metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
        spec,
    });

    it('lets a kubelet register its node, with harmless labels', async () => {
        await run('nodes', node('n1', { 'node.kubernetes.io/instance-type': 'pi4', 'example.com/x': 'y' }));
        await expect(run('nodes', node('n2'))).rejects.toThrow(
            'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
        );
        await expect(
            run('nodes', node('n1', { 'node-role.kubernetes.io/control-plane': '' })),
        ).rejects.toThrow(
            'node "n1" is not allowed to set the following labels: node-role.kubernetes.io/control-plane',
        );
    });

    it.each([
        [
            'taints',
            node('n1', {}, { taints: [] }),
            node('n1', {}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }),
        ],
        [
            'labels: node-restriction.kubernetes.io/a',
            node('n1', { 'node-restriction.kubernetes.io/a': 'b' }),
            node('n1'),
        ],
    ])('keeps it from changing its own %s', async (what, object, oldObject) => {
        await expect(run('nodes', object, { operation: 'UPDATE', oldObject })).rejects.toThrow(
            `node "n1" is not allowed to modify ${what}`,
        );
    });

    it('holds it to mirror pods and the status of its own pods', async () => {
        reader.set(nodes, named('n1'));
        await expect(run('pods', pod({ nodeName: 'n1' }))).rejects.toThrow(
            'node "n1" can only create mirror pods',
        );
        const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'n1-uid', controller: true };
        const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] };
        await run('pods', pod({ nodeName: 'n1' }, mirror));
        await expect(run('pods', pod({ nodeName: 'n2' }, mirror))).rejects.toThrow(
            'node "n1" can only create pods with spec.nodeName set to itself',
        );
        const foreign = { operation: 'UPDATE', oldObject: pod({ nodeName: 'n2' }) } as const;
        await expect(run('pods/status', pod({ nodeName: 'n2' }), foreign)).rejects.toThrow(
            'can only update pod status for pods with spec.nodeName set to itself',
        );
        const own = { operation: 'UPDATE', oldObject: pod({ nodeName: 'n1' }) } as const;
        await run('pods/status', pod({ nodeName: 'n1' }), own);
        await expect(run('pods', undefined, { ...foreign, operation: 'DELETE' })).rejects.toThrow(
            'node "n1" can only delete pods with spec.nodeName set to itself',
        );
    });

    describe('tokens', () => {
        const ref = (name: string, uid = `${name}-uid`) => ({ apiVersion: 'v1', kind: 'Pod', name, uid });
        const token = async (boundObjectRef?: object, audiences?: string[]) =>
            await run(
                'serviceaccounts/token',
                { metadata: {}, ...{ spec: { boundObjectRef, audiences } } },
                { namespace: 'default', name: 'web' },
            );
        const runs = (name: string, nodeName: string, volumes: object[]): void => {
            reader.set(pods, named(name, { spec: { nodeName, volumes } }, { namespace: 'default' }));
        };
        const projected = (audience?: string) => ({
            name: audience ?? 'api',
            projected: { sources: [{ serviceAccountToken: { path: 'token', audience } }] },
        });

        it('are given only for pods that run there', async () => {
            runs('here', 'n1', [projected()]);
            runs('there', 'n2', [projected()]);
            await token(ref('here'));
            await token(ref('here'), ['']);
            await expect(token()).rejects.toThrow('node requested token not bound to a pod');
            await expect(token(ref('here', ''))).rejects.toThrow('a pod binding without a uid');
            await expect(token(ref('there'))).rejects.toThrow('bound to a pod scheduled on a different node');
            await expect(token(ref('here', 'old'))).rejects.toThrow('does not match the UID in record');
        });

        it('are given for an audience that a volume projects, and one at a time', async () => {
            runs('here', 'n1', [projected('vault')]);
            await token(ref('here'), ['vault']);
            await expect(token(ref('here'))).rejects.toThrow(
                'serviceaccounts "web" is forbidden: audience "" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
            );
            await expect(token(ref('here'), ['vault', 'vault'])).rejects.toThrow(
                'node may only request 0 or 1 audiences',
            );
        });

        it.each([
            ['inline', { csi: { driver: 'd.example.com' } }],
            ['by a claim', { persistentVolumeClaim: { claimName: 'data' } }],
            ['by a claim of its own', { ephemeral: { volumeClaimTemplate: {} } }],
        ])('are given for what the CSI driver of a volume wants, %s', async (_how, source) => {
            runs('here', 'n1', [{ name: 'v', ...source }]);
            await expect(token(ref('here'), ['store'])).rejects.toThrow(
                /error validating audience "store": (csidriver.storage.k8s.io "d.example.com"|persistentvolumeclaim "(data|here-v)") not found/,
            );
            for (const name of ['data', 'here-v']) {
                const claim = { spec: { volumeName: 'pv' } };
                reader.set(persistentVolumeClaims, named(name, claim, { namespace: 'default' }));
            }
            reader.set(persistentVolumes, named('pv', { spec: { csi: { driver: 'd.example.com' } } }));
            reader.set(
                csiDrivers,
                named('d.example.com', { spec: { tokenRequests: [{ audience: 'store' }] } }),
            );
            await token(ref('here'), ['store']);
            await expect(token(ref('here'), ['other'])).rejects.toThrow('not found in pod spec volume');
        });

        it('are given for what a volume of old is that a CSI driver has taken over', async () => {
            runs('here', 'n1', [{ name: 'v', azureFile: { shareName: 's', secretName: 't' } }]);
            reader.set(
                csiDrivers,
                named('file.csi.azure.com', { spec: { tokenRequests: [{ audience: 'azure' }] } }),
            );
            await token(ref('here'), ['azure']);
        });
    });

    it('does not touch what others write', async () => {
        await admit(only('NodeRestriction'), admissionRequest('nodes', node('n9')));
    });
});

describe('ResourceQuota', () => {
    const quota = (hard: object, used: object, spec: object = {}) =>
        reader.set(
            resourceQuotas,
            named('q', { spec: { hard, ...spec }, status: { hard, used } }, { namespace: 'default' }),
        );
    const run = async (object: ApiObject, resource = 'pods', more: Partial<AdmissionRequest> = {}) =>
        await admit(only('ResourceQuota'), admissionRequest(resource, object, more));
    const used = () =>
        reader.get<ApiObject & { status: { used: object } }>(resourceQuotas, 'default', 'q')?.status.used;
    const cpu = (amount: string) =>
        pod({ containers: [{ name: 'c', resources: { requests: { cpu: amount } } }] });

    it('charges what is created, until it is full', async () => {
        quota({ pods: '2', 'requests.cpu': '1' }, { pods: '0', 'requests.cpu': '0' });
        await run(cpu('600m'));
        expect(used()).toEqual({ pods: '1', 'requests.cpu': '600m' });
        await expect(run(cpu('500m'))).rejects.toThrow(
            'pods "web" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
        );
        await run(cpu('400m'));
        await expect(run(cpu('0'))).rejects.toThrow(
            'exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
        );
    });

    it('does not let many at once slip through', async () => {
        quota({ pods: '3' }, { pods: '0' });
        const results = await Promise.allSettled(Array.from({ length: 10 }, async () => await run(pod())));
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
        expect(used()).toEqual({ pods: '3' });
    });

    it('counts quotas too, but not what is written to them', async () => {
        quota({ resourcequotas: '1' }, { resourcequotas: '1' });
        const second = named('second', {}, { namespace: 'default' });
        const message =
            'exceeded quota: q, requested: resourcequotas=1, used: resourcequotas=1, limited: resourcequotas=1';
        await expect(run(second, 'resourcequotas')).rejects.toThrow(message);
        const update = { operation: 'UPDATE', oldObject: second } as const;
        await expect(run(second, 'resourcequotas', update)).resolves.toBeDefined();
        await expect(run(second, 'events.events.k8s.io')).resolves.toBeDefined();
    });

    it.each(['events', 'events.events.k8s.io', 'bindings', 'localsubjectaccessreviews.authorization.k8s.io'])(
        'does not count %s',
        async (resource) => {
            const none = { [`count/${resource}`]: '0', 'count/leases.coordination.k8s.io': '0' };
            quota(none, none);
            const object = named('o', {}, { namespace: 'default' });
            await expect(run(object, resource)).resolves.toBeDefined();
            await expect(run(object, 'leases.coordination.k8s.io')).rejects.toThrow('exceeded quota: q');
        },
    );

    it('tries again when somebody else changed the quota', async () => {
        quota({ pods: '3' }, { pods: '0' });
        let conflicts = 2;
        client.beforeUpdate = () => {
            conflicts -= 1;
            if (conflicts >= 0) throw statusErrors.conflict({ resource: 'resourcequotas', name: 'q' });
        };
        await run(pod());
        expect(used()).toEqual({ pods: '1' });
    });

    it.each([
        [
            { 'limits.cpu': '1', memory: '1Gi' },
            'failed quota: q: must specify limits.cpu for: c; memory for: c',
        ],
        [{ pods: '1', 'limits.memory': '1Gi' }, 'failed quota: q: must specify limits.memory for: c'],
    ])('asks for amounts that it counts: %j', async (hard, message) => {
        quota(hard, {});
        await expect(run(pod())).rejects.toThrow(message);
    });

    it('writes nothing on a dry run, nor for what it does not count', async () => {
        quota({ pods: '3' }, { pods: '0' });
        await run(pod(), 'pods', { dryRun: true });
        await run(named('c', {}, { namespace: 'default' }), 'configmaps');
        expect(client.writes).toEqual([]);
    });

    it('counts only pods of its scope', async () => {
        quota({ pods: '0' }, { pods: '0' }, { scopes: ['BestEffort'] });
        await run(cpu('100m'));
        await expect(run(pod())).rejects.toThrow('exceeded quota: q');
    });

    it('counts other kinds by count/<resource>', async () => {
        quota({ 'count/deployments.apps': '0' }, { 'count/deployments.apps': '0' });
        await expect(run(named('d', {}, { namespace: 'default' }), 'deployments.apps')).rejects.toThrow(
            'deployments.apps "d" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0',
        );
    });

    it('refuses until the usage of a new quota was counted', async () => {
        const hard = { pods: '2' };
        reader.set(resourceQuotas, named('q', { spec: { hard } }, { namespace: 'default' }));
        await expect(run(pod())).rejects.toThrow('status unknown for quota: q, resources: pods');
    });
});

describe('ResourceQuota with scopes', () => {
    const scoped = (requirement: object) => {
        const spec = { hard: { pods: '0' }, scopeSelector: { matchExpressions: [requirement] } };
        const status = { hard: { pods: '0' }, used: { pods: '0' } };
        reader.set(resourceQuotas, named('q', { spec, status }, { namespace: 'default' }));
    };
    const create = async (spec: object) =>
        await admit(only('ResourceQuota'), admissionRequest('pods', pod(spec)));
    const full = 'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0';

    it.each([
        [{ operator: 'In', values: ['high', 'low'] }, ['high', 'low'], ['other', undefined]],
        [{ operator: 'NotIn', values: ['high'] }, ['low', undefined], ['high']],
        [{ operator: 'Exists' }, ['high'], [undefined]],
        [{ operator: 'DoesNotExist' }, [undefined], ['high']],
    ])('counts pods by their class of priority: %j', async (requirement, counted, free) => {
        scoped({ scopeName: 'PriorityClass', ...requirement });
        for (const priorityClassName of counted) {
            await expect(create({ priorityClassName })).rejects.toThrow(full);
        }
        for (const priorityClassName of free) await create({ priorityClassName });
    });

    it('counts pods that look into other namespaces', async () => {
        scoped({ scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' });
        const term = { topologyKey: 'zone', labelSelector: {} };
        const near = (more: object) => ({
            affinity: {
                podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, ...more }] },
            },
        });
        const far = (more: object) => ({
            affinity: {
                podAntiAffinity: {
                    preferredDuringSchedulingIgnoredDuringExecution: [
                        { weight: 1, podAffinityTerm: { ...term, ...more } },
                    ],
                },
            },
        });
        await create(near({}));
        await create({});
        for (const more of [{ namespaces: ['a'] }, { namespaceSelector: {} }]) {
            await expect(create(near(more))).rejects.toThrow(full);
            await expect(create(far(more))).rejects.toThrow(full);
        }
    });
});

describe('small plugins', () => {
    it('PersistentVolumeClaimResize lets only claims grow that are bound and whose class can', async () => {
        const classes = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
        reader.set(classes, named('fixed'), named('elastic', { allowVolumeExpansion: true }));
        const claim = (storage: string, storageClassName: string | undefined, phase = 'Bound') => {
            const spec = { storageClassName, resources: { requests: { storage } } };
            return named('c', { spec, status: { phase } }, { namespace: 'default' });
        };
        const resize = async (oldObject: ApiObject, object: ApiObject) =>
            await admit(
                only('PersistentVolumeClaimResize'),
                admissionRequest('persistentvolumeclaims', object, { operation: 'UPDATE', oldObject }),
            );
        await resize(claim('1Gi', 'elastic'), claim('2Gi', 'elastic'));
        await resize(claim('1Gi', 'fixed', 'Pending'), claim('1024Mi', 'fixed', 'Pending'));
        await expect(
            resize(claim('1Gi', 'elastic', 'Pending'), claim('2Gi', 'elastic', 'Pending')),
        ).rejects.toThrow(
            'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded',
        );
        for (const name of ['fixed', 'gone', undefined]) {
            await expect(resize(claim('1Gi', name), claim('2Gi', name))).rejects.toThrow(
                'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
            );
        }
    });

    it('DefaultIngressClass takes the newest default for ingresses that name none', async () => {
        const classes = { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' };
        const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
        const ingress = (spec: object, metadata: object = {}) =>
            named('i', { spec }, { namespace: 'default', ...metadata });
        const run = async (object: ApiObject) =>
            (
                await admit(
                    only('DefaultIngressClass'),
                    admissionRequest('ingresses.networking.k8s.io', object),
                )
            ).object;
        expect(await run(ingress({}))).toMatchObject({ spec: {} });
        reader.set(
            classes,
            named('old', {}, { annotations, creationTimestamp: '2026-01-01T00:00:00Z' }),
            named('b', {}, { annotations, creationTimestamp: '2026-02-01T00:00:00Z' }),
            named('a', {}, { annotations, creationTimestamp: '2026-02-01T00:00:00Z' }),
            named('other', {}, { creationTimestamp: '2026-03-01T00:00:00Z' }),
        );
        expect(await run(ingress({}))).toMatchObject({ spec: { ingressClassName: 'a' } });
        expect(await run(ingress({ ingressClassName: 'own' }))).toMatchObject({
            spec: { ingressClassName: 'own' },
        });
        const annotated = await run(ingress({}, { annotations: { 'kubernetes.io/ingress.class': 'own' } }));
        expect(annotated).toMatchObject({ spec: {} });
        expect((annotated as { spec?: object }).spec).toEqual({});
    });

    it('DefaultTolerationSeconds adds what is not tolerated already', async () => {
        const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
        const object = pod({ tolerations: [own] });
        await admit(only('DefaultTolerationSeconds'), admissionRequest('pods', object));
        expect(object.spec?.tolerations).toEqual([
            own,
            {
                key: 'node.kubernetes.io/unreachable',
                operator: 'Exists',
                effect: 'NoExecute',
                tolerationSeconds: 300,
            },
        ]);
    });

    it('TaintNodesByCondition keeps pods off new nodes', async () => {
        const node: V1Node = { metadata: { name: 'n1' } };
        await admit(only('TaintNodesByCondition'), admissionRequest('nodes', node));
        expect(node.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
    });

    it('DefaultStorageClass takes the newest default for claims without class', async () => {
        const classes = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
        const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
        reader.set(
            classes,
            named('old', {}, { annotations, creationTimestamp: '2026-01-01T00:00:00Z' }),
            named('new', {}, { annotations, creationTimestamp: '2026-02-01T00:00:00Z' }),
            named('other', {}, { creationTimestamp: '2026-03-01T00:00:00Z' }),
        );
        const claim = named('c', { spec: {} }, { namespace: 'default' });
        const none = named('c', { spec: { storageClassName: '' } }, { namespace: 'default' });
        for (const object of [claim, none]) {
            await admit(only('DefaultStorageClass'), admissionRequest('persistentvolumeclaims', object));
        }
        expect([claim, none]).toMatchObject([
            { spec: { storageClassName: 'new' } },
            { spec: { storageClassName: '' } },
        ]);
    });

    it('RuntimeClass adds overhead and nodes, and refuses unknown classes', async () => {
        const classes = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };
        reader.set(
            classes,
            named('vm', {
                overhead: { podFixed: { cpu: '1' } },
                scheduling: { nodeSelector: { vm: 'yes' } },
            }),
        );
        const object = pod({ runtimeClassName: 'vm' });
        await admit(only('RuntimeClass'), admissionRequest('pods', object));
        expect(object.spec).toMatchObject({ overhead: { cpu: '1' }, nodeSelector: { vm: 'yes' } });
        await expect(
            admit(only('RuntimeClass'), admissionRequest('pods', pod({ runtimeClassName: 'x' }))),
        ).rejects.toThrow('pod rejected: RuntimeClass "x" not found');
    });
});
