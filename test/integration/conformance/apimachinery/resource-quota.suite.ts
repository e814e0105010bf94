import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';

type Quantities = Record<string, string>;

interface ResourceQuota extends Thing {
    spec: { hard: Quantities; scopes?: string[] };
    status: { hard?: Quantities; used?: Quantities };
}

interface Pod extends Thing {
    spec: { containers: { resources: { requests?: Quantities; limits?: Quantities } }[] };
}

const dongle = 'example.com/dongle';
/** As many of each thing as a namespace may have. */
const everything: Quantities = {
    pods: '5',
    services: '10',
    'services.nodeports': '1',
    'services.loadbalancers': '1',
    replicationcontrollers: '10',
    resourcequotas: '1',
    configmaps: '10',
    secrets: '10',
    persistentvolumeclaims: '10',
    'requests.storage': '10Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
    'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
    cpu: '1',
    memory: '500Mi',
    'ephemeral-storage': '50Gi',
    [`requests.${dongle}`]: '3',
    'count/replicasets.apps': '5',
};

/** Quotas and their status, as the suite's resource_quota.go asks for them. */
export function resourceQuotas(cluster: Cluster): void {
    let namespace: string;
    let core: string;

    beforeEach(async () => {
        namespace = await cluster.namespaceForPods('resourcequota');
        core = `/api/v1/namespaces/${namespace}`;
    });

    const quotaPath = (name: string): string => `${core}/resourcequotas/${name}`;
    const createQuota = async (name: string, hard: Quantities, spec: object = {}): Promise<void> => {
        await cluster.create(`${core}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } });
    };
    const used = async (name: string): Promise<Quantities> =>
        (await cluster.get<ResourceQuota>(quotaPath(name))).status.used ?? {};
    /** Waits until a quota says that so much is used; prompt means within seconds. */
    const usedBecomes = async (name: string, expected: Quantities): Promise<void> => {
        let last: Quantities = {};
        try {
            await eventually('usage', async () => {
                last = await used(name);
                return Object.entries(expected).every(([resource, value]) => last[resource] === value);
            });
        } catch {
            expect(last).toMatchObject(expected);
        }
    };
    const podOf = (
        name: string,
        {
            requests = {},
            limits = {},
            ...spec
        }: { requests?: Quantities; limits?: Quantities; [field: string]: unknown },
    ): object => ({
        metadata: { name },
        spec: {
            containers: [
                { name: 'pause', image: 'registry.k8s.io/pause:3.10', resources: { requests, limits } },
            ],
            ...spec,
        },
    });
    const createPod = async (name: string, resources: Parameters<typeof podOf>[1]): Promise<Pod> =>
        await cluster.create(`${core}/pods`, podOf(name, resources));
    const deletePod = async (name: string): Promise<void> => {
        await cluster.delete(`${core}/pods/${name}`, { gracePeriodSeconds: 0 });
    };

    describe('a quota of everything', () => {
        it('says at once what is used', async () => {
            await createQuota('test-quota', everything);
            await usedBecomes('test-quota', { resourcequotas: '1' });
            const { status } = await cluster.get<ResourceQuota>(quotaPath('test-quota'));
            expect(status.hard).toEqual(everything);
            expect(Object.keys(status.used ?? {}).sort()).toEqual(Object.keys(everything).sort());
            expect(status.used).toMatchObject({ pods: '0', configmaps: '1', 'count/replicasets.apps': '0' });
        });

        it('follows the life of Services and refuses a node port too many', async () => {
            await createQuota('test-quota', everything);
            await usedBecomes('test-quota', { resourcequotas: '1', services: '0' });
            const service = (name: string, type: string, more: object = {}): object => ({
                metadata: { name },
                spec: { type, ports: [{ port: 80, targetPort: 80 }], ...more },
            });
            await cluster.create(`${core}/services`, service('test-service', 'ClusterIP'));
            await cluster.create(`${core}/services`, service('test-service-np', 'NodePort'));
            const balanced = service('test-service-lb', 'LoadBalancer', {
                allocateLoadBalancerNodePorts: true,
            });
            const refusal = await cluster.refused('POST', `${core}/services`, { body: balanced });
            expect(refusal).toMatchObject({
                code: 403,
                reason: 'Forbidden',
                message: expect.stringContaining(
                    'exceeded quota: test-quota, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
                ),
            });
            await usedBecomes('test-quota', {
                resourcequotas: '1',
                services: '2',
                'services.nodeports': '1',
            });
            await cluster.delete(`${core}/services/test-service`);
            await cluster.delete(`${core}/services/test-service-np`);
            await usedBecomes('test-quota', {
                resourcequotas: '1',
                services: '0',
                'services.nodeports': '0',
            });
        });

        it('follows the life of a Secret', async () => {
            const found = (await cluster.list(`${core}/secrets`)).items.length;
            await createQuota('test-quota', { ...everything, secrets: String(found + 1) });
            await usedBecomes('test-quota', { resourcequotas: '1', secrets: String(found) });
            const secret = (name: string) => ({ metadata: { name }, stringData: { 'data-1': 'value-1' } });
            await cluster.create(`${core}/secrets`, secret('test-secret'));
            await usedBecomes('test-quota', { secrets: String(found + 1) });
            const { code } = await cluster.refused('POST', `${core}/secrets`, { body: secret('too-many') });
            expect(code).toBe(403);
            await cluster.delete(`${core}/secrets/test-secret`);
            await usedBecomes('test-quota', { secrets: String(found) });
        });

        it('follows the life of a ConfigMap', async () => {
            await eventually('the authority is published', () =>
                cluster.find(`${core}/configmaps/kube-root-ca.crt`),
            );
            const found = (await cluster.list(`${core}/configmaps`)).items.length;
            await createQuota('test-quota', { ...everything, configmaps: String(found + 1) });
            await usedBecomes('test-quota', { resourcequotas: '1', configmaps: String(found) });
            await cluster.create(`${core}/configmaps`, {
                metadata: { name: 'test-configmap' },
                data: { a: 'b' },
            });
            await usedBecomes('test-quota', { resourcequotas: '1', configmaps: String(found + 1) });
            await cluster.delete(`${core}/configmaps/test-configmap`);
            await usedBecomes('test-quota', { configmaps: String(found) });
        });

        it('follows the life of a replication controller', async () => {
            await createQuota('test-quota', everything);
            await usedBecomes('test-quota', { resourcequotas: '1', replicationcontrollers: '0' });
            const labels = { name: 'test-rc' };
            const containers = [{ name: 'test-rc', image: 'nginx' }];
            await cluster.create(`${core}/replicationcontrollers`, {
                metadata: { name: 'test-rc' },
                spec: {
                    replicas: 0,
                    selector: labels,
                    template: { metadata: { labels }, spec: { containers } },
                },
            });
            await usedBecomes('test-quota', { replicationcontrollers: '1' });
            await cluster.delete(`${core}/replicationcontrollers/test-rc`, {
                propagationPolicy: 'Background',
            });
            await usedBecomes('test-quota', { replicationcontrollers: '0' });
        });

        it('follows the life of a pod, and refuses what exceeds it', async () => {
            await createQuota('test-quota', everything);
            await usedBecomes('test-quota', { resourcequotas: '1' });
            const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
            const pod = await createPod('test-pod', { requests, limits: { [dongle]: '2' } });
            const charged = {
                resourcequotas: '1',
                pods: '1',
                cpu: '500m',
                memory: '252Mi',
                'ephemeral-storage': '30Gi',
                [`requests.${dongle}`]: '2',
            };
            await usedBecomes('test-quota', charged);

            const large = podOf('fail-pod', { requests: { cpu: '600m', memory: '100Mi' } });
            const refusal = await cluster.refused('POST', `${core}/pods`, { body: large });
            expect(refusal).toMatchObject({
                code: 403,
                reason: 'Forbidden',
                message: expect.stringContaining('pods "fail-pod" is forbidden:'),
            });
            const extended = podOf('fail-pod-for-extended-resource', {
                requests: { cpu: '500m', memory: '100Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' },
                limits: { [dongle]: '2' },
            });
            const { message } = await cluster.refused('POST', `${core}/pods`, { body: extended });
            expect(message).toContain(`requests.${dongle}=2`);

            const [container] = pod.spec.containers;
            if (container !== undefined) {
                container.resources.requests = { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '10Gi' };
            }
            const changed = await cluster.refused('PUT', `${core}/pods/test-pod`, { body: pod });
            expect(changed.code).toBe(422);
            await usedBecomes('test-quota', charged);

            await deletePod('test-pod');
            await usedBecomes('test-quota', {
                ...{ resourcequotas: '1', pods: '0', cpu: '0', memory: '0' },
                ...{ 'ephemeral-storage': '0', [`requests.${dongle}`]: '0' },
            });
        });
    });

    describe('a quota with a scope', () => {
        const both: Quantities = {
            'requests.cpu': '500m',
            'requests.memory': '200Mi',
            'limits.cpu': '1',
            'limits.memory': '400Mi',
        };
        const burstable = {
            requests: { cpu: '500m', memory: '200Mi' },
            limits: { cpu: '1', memory: '400Mi' },
        };
        const zero: Quantities = {
            pods: '0',
            'requests.cpu': '0',
            'requests.memory': '0',
            'limits.cpu': '0',
            'limits.memory': '0',
        };

        it('counts pods that end by a deadline, or those that do not', async () => {
            const hard = {
                pods: '5',
                'requests.cpu': '1',
                'requests.memory': '500Mi',
                'limits.cpu': '2',
                'limits.memory': '1Gi',
            };
            await createQuota('quota-terminating', hard, { scopes: ['Terminating'] });
            await usedBecomes('quota-terminating', zero);
            await createQuota('quota-not-terminating', hard, { scopes: ['NotTerminating'] });
            await usedBecomes('quota-not-terminating', zero);

            await createPod('test-pod', burstable);
            await usedBecomes('quota-not-terminating', { pods: '1', ...both });
            await usedBecomes('quota-terminating', zero);
            await deletePod('test-pod');
            await usedBecomes('quota-not-terminating', zero);

            await createPod('terminating-pod', { ...burstable, activeDeadlineSeconds: 3600 });
            await usedBecomes('quota-terminating', { pods: '1', ...both });
            await usedBecomes('quota-not-terminating', zero);
            await deletePod('terminating-pod');
            await usedBecomes('quota-terminating', zero);
        });

        it('counts pods that ask for nothing, or those that ask for something', async () => {
            await createQuota('quota-besteffort', { pods: '5' }, { scopes: ['BestEffort'] });
            await usedBecomes('quota-besteffort', { pods: '0' });
            await createQuota('quota-not-besteffort', { pods: '5' }, { scopes: ['NotBestEffort'] });
            await usedBecomes('quota-not-besteffort', { pods: '0' });

            await createPod('pfpod', {});
            await usedBecomes('quota-besteffort', { pods: '1' });
            await usedBecomes('quota-not-besteffort', { pods: '0' });
            await deletePod('pfpod');
            await usedBecomes('quota-besteffort', { pods: '0' });

            await createPod('burstable-pod', burstable);
            await usedBecomes('quota-not-besteffort', { pods: '1' });
            await usedBecomes('quota-besteffort', { pods: '0' });
            await deletePod('burstable-pod');
            await usedBecomes('quota-not-besteffort', { pods: '0' });
        });
    });

    describe('a quota as an object', () => {
        it('is updated without naming a version, and deleted', async () => {
            const quota = (hard: Quantities) => ({ metadata: { name: 'test-quota' }, spec: { hard } });
            await cluster.create(`${core}/resourcequotas`, quota({ cpu: '1', memory: '500Mi' }));
            const read = async () => (await cluster.get<ResourceQuota>(quotaPath('test-quota'))).spec.hard;
            expect(await read()).toEqual({ cpu: '1', memory: '500Mi' });
            const updated = await cluster.update<ResourceQuota>(
                quotaPath('test-quota'),
                quota({ cpu: '2', memory: '1Gi' }),
            );
            expect(updated.spec.hard).toEqual({ cpu: '2', memory: '1Gi' });
            expect(await read()).toEqual({ cpu: '2', memory: '1Gi' });
            await cluster.delete(quotaPath('test-quota'));
            expect(await cluster.find(quotaPath('test-quota'))).toBeUndefined();
        });

        it('is found by its label in all namespaces, patched, and deleted with its collection', async () => {
            const labels = { 'e2e-rq-label': namespace };
            await cluster.create(`${core}/resourcequotas`, {
                metadata: { name: 'lifecycle', labels },
                spec: { hard: { cpu: '1', memory: '500Mi' } },
            });
            const query = `labelSelector=e2e-rq-label%3D${namespace}`;
            expect((await cluster.list(`/api/v1/resourcequotas?${query}`)).items).toHaveLength(1);
            const patched = await cluster.patch<ResourceQuota>(quotaPath('lifecycle'), 'strategic', {
                metadata: { labels: { lifecycle: 'patched' } },
                spec: { hard: { memory: '750Mi' } },
            });
            expect(patched.metadata.labels).toMatchObject({ lifecycle: 'patched' });
            expect(patched.spec.hard).toEqual({ cpu: '1', memory: '750Mi' });
            await cluster.delete(`${core}/resourcequotas?${query}`);
            expect(await cluster.find(quotaPath('lifecycle'))).toBeUndefined();
        });

        it('has a status of its own, which changes its spec in nothing and is set right again', async () => {
            const path = quotaPath('e2e-rq-status');
            const query = 'labelSelector=e2e-rq-label%3De2e-rq-status';
            const versionNow = async (): Promise<string> =>
                (await cluster.list(`/api/v1/resourcequotas?${query}`)).metadata.resourceVersion;
            const seen = async (from: string, hard: Quantities): Promise<void> => {
                const watch = await cluster.watch<ResourceQuota>(
                    `${core}/resourcequotas?${query}&resourceVersion=${from}`,
                );
                const { object } = await watch.until(
                    ({ object: { status } }) =>
                        status.hard?.['cpu'] === hard['cpu'] && status.hard?.['memory'] === hard['memory'],
                );
                expect(object.metadata.name).toBe('e2e-rq-status');
                watch.close();
            };
            let from = await versionNow();
            await cluster.create(`${core}/resourcequotas`, {
                metadata: { name: 'e2e-rq-status', labels: { 'e2e-rq-label': 'e2e-rq-status' } },
                spec: { hard: { cpu: '500m', memory: '500Mi' } },
            });
            const updated = await cluster.change<ResourceQuota>(
                path,
                (quota) => {
                    quota.status = { hard: { ...quota.spec.hard } };
                },
                `${path}/status`,
            );
            await seen(from, updated.spec.hard);

            from = await versionNow();
            const patched = await cluster.patch<ResourceQuota>(path, 'strategic', {
                spec: { hard: { cpu: '1', memory: '1Gi' } },
            });
            expect(patched.spec.hard).toEqual({ cpu: '1', memory: '1Gi' });
            await cluster.patch(`${path}/status`, 'strategic', { status: { hard: patched.spec.hard } });
            await seen(from, { cpu: '1', memory: '1Gi' });
            const status = await cluster.get<ResourceQuota>(`${path}/status`);
            expect(status.status.hard).toEqual({ cpu: '1', memory: '1Gi' });

            from = await versionNow();
            const wrong = { cpu: '2', memory: '2Gi' };
            const repatched = await cluster.patch<ResourceQuota>(`${path}/status`, 'strategic', {
                status: { hard: wrong },
            });
            expect(repatched.status.hard).toEqual(wrong);
            expect(repatched.spec.hard).toEqual({ cpu: '1', memory: '1Gi' });
            await seen(from, wrong);
            // The controller ignores writes to the status until it counts anew: every five minutes, or
            // when something that is counted goes.
            await createPod('short-lived', { requests: { cpu: '1m', memory: '1Mi' } });
            await deletePod('short-lived');
            await eventually('the status is as the spec says', async () => {
                const { status: now, spec } = await cluster.get<ResourceQuota>(path);
                return now.hard?.['cpu'] === spec.hard['cpu'] && now.hard?.['memory'] === '1Gi';
            });
        });
    });
}
