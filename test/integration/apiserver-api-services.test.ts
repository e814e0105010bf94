import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resourceDefinitions } from '../../src/api/groups/index.ts';
import type { V1APIService, V1ConfigMap } from '../../src/api/meta/object.ts';
import { apiServices } from '../../src/components/apiserver/aggregation/resources.ts';
import {
    type AggregationServing,
    serveAggregation,
} from '../../src/components/apiserver/aggregation/serve.ts';
import { reconcileBootstrapPolicy } from '../../src/components/apiserver/authz/bootstrap-policy.ts';
import { ensureSystemObjects } from '../../src/components/apiserver/bootstrap/system-objects.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { createLogger } from '../../src/util/logger.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import {
    apiService,
    availability,
    bundle,
    type ExtensionKeys,
    extensionKeys,
    ExtensionServer,
    json,
    putEndpoints,
    serveExtension,
} from './support/extension-server.ts';

const collection = '/apis/apiregistration.k8s.io/v1/apiservices';
const automanaged = 'kube-aggregator.kubernetes.io/automanaged';
const group = 'plants.example.com';

interface AggregatedList {
    items: {
        metadata: { name?: string };
        versions: { version: string; freshness: string; resources: { resource: string }[] }[];
    }[];
}

describe('APIServices', () => {
    let api: ApiServerFixture;
    let extension: ExtensionServer;
    let keys: ExtensionKeys;

    const get = (name: string): V1APIService | undefined =>
        api.caches.get<V1APIService>(apiServices, '', name);
    /** Resolves once the APIService is as wanted. */
    const until = async (
        name: string,
        isWanted: (object: V1APIService | undefined) => boolean,
    ): Promise<void> => {
        await new Promise<void>((resolve) => {
            const check = (): void => {
                if (!isWanted(get(name))) return;
                remove();
                resolve();
            };
            const remove = api.caches.onChange(apiServices, check);
            check();
        });
    };
    const definition = (versions: readonly { name: string; served?: boolean }[]): object => ({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `trees.${group}` },
        spec: {
            group,
            scope: 'Namespaced',
            names: { plural: 'trees', singular: 'tree', kind: 'Tree', listKind: 'TreeList' },
            versions: versions.map(({ name, served = true }, index) => ({
                name,
                served,
                storage: index === 0,
                schema: {
                    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
            })),
        },
    });
    const established = async (): Promise<void> => {
        const waited = await api.kubectl('wait', '--for=condition=Established', `crd/trees.${group}`);
        expect(waited).toMatchObject({ code: 0 });
    };
    const aggregated = async (): Promise<AggregatedList> => {
        const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
        const answer = await api.call('GET', '/apis', { headers: { accept } });
        expect(answer.headers['content-type']).toBe(accept);
        return answer.json<AggregatedList>();
    };
    /** The aggregation layer as it would be after a start, on the same objects. */
    const startAgain = async (clock: Clock = systemClock): Promise<AggregationServing> => {
        const again = serveAggregation({
            reader: api.caches,
            client: () => api.client,
            definitions: resourceDefinitions(),
            certificate: keys.proxy,
            requestHeaders: { names: [], prefixes: [] },
            clock,
            logger: createLogger('silent'),
        });
        await again.start();
        return again;
    };

    beforeAll(async () => {
        keys = await extensionKeys();
        extension = await ExtensionServer.start(keys);
        api = await ApiServerFixture.start({ frontProxy: keys.proxy, customResources: {} });
    }, 60_000);
    afterAll(async () => {
        await api.stop();
        await extension.stop();
    });

    it("are there for every built-in group version, with upstream's priorities", async () => {
        const { stdout } = await api.kubectl('get', 'apiservices', '--no-headers');
        const lines = stdout
            .trim()
            .split('\n')
            .map((line) => line.split(/ +/).slice(0, 3).join(' '));
        expect(lines).toEqual([
            'v1. Local True',
            'v1.admissionregistration.k8s.io Local True',
            'v1.apiextensions.k8s.io Local True',
            'v1.apps Local True',
            'v1.authentication.k8s.io Local True',
            'v1.authorization.k8s.io Local True',
            'v1.autoscaling Local True',
            'v1.batch Local True',
            'v1.certificates.k8s.io Local True',
            'v1.coordination.k8s.io Local True',
            'v1.discovery.k8s.io Local True',
            'v1.events.k8s.io Local True',
            'v1.flowcontrol.apiserver.k8s.io Local True',
            'v1.networking.k8s.io Local True',
            'v1.node.k8s.io Local True',
            'v1.policy Local True',
            'v1.rbac.authorization.k8s.io Local True',
            'v1.resource.k8s.io Local True',
            'v1.scheduling.k8s.io Local True',
            'v1.storage.k8s.io Local True',
            'v2.autoscaling Local True',
        ]);
        const { metadata, spec, status } = (
            await api.call('GET', `${collection}/v2.autoscaling`)
        ).json<V1APIService>();
        expect(metadata?.labels).toEqual({ [automanaged]: 'onstart' });
        expect(spec).toEqual({
            group: 'autoscaling',
            version: 'v2',
            groupPriorityMinimum: 17_500,
            versionPriority: 30,
        });
        expect(status?.conditions).toEqual([
            {
                type: 'Available',
                status: 'True',
                reason: 'Local',
                message: 'Local APIServices are always available',
                lastTransitionTime: expect.any(String) as unknown,
            },
        ]);
        expect(get('v1.')?.spec).toEqual({ version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 });
    });

    it('decide over the order of discovery', async () => {
        const { groups } = (await api.call('GET', '/apis')).json<{
            groups: { name: string; preferredVersion: { version: string } }[];
        }>();
        expect(groups.map(({ name }) => name)).toEqual([
            'apiregistration.k8s.io',
            'apps',
            'events.k8s.io',
            'authentication.k8s.io',
            'authorization.k8s.io',
            'autoscaling',
            'batch',
            'certificates.k8s.io',
            'networking.k8s.io',
            'policy',
            'rbac.authorization.k8s.io',
            'storage.k8s.io',
            'admissionregistration.k8s.io',
            'apiextensions.k8s.io',
            'scheduling.k8s.io',
            'coordination.k8s.io',
            'node.k8s.io',
            'discovery.k8s.io',
            'resource.k8s.io',
            'flowcontrol.apiserver.k8s.io',
        ]);
        expect(groups.find(({ name }) => name === 'autoscaling')?.preferredVersion.version).toBe('v2');
        for (const { name, preferredVersion } of groups) {
            const own = (await api.call('GET', `/apis/${name}`)).json<{
                preferredVersion: object;
                versions: object[];
            }>();
            expect(own.preferredVersion).toEqual(preferredVersion);
            expect(own.versions).toContainEqual(preferredVersion);
        }
    });

    it('cost nothing at the next start, and while none has a Service', async () => {
        const { revision } = api.caches;
        let timers = 0;
        const again = await startAgain({
            ...systemClock,
            setTimer: (delayMs, callback) => {
                timers++;
                return systemClock.setTimer(delayMs, callback);
            },
        });
        expect(api.caches.revision).toBe(revision);
        await serveExtension(api, extension.port);
        const afterService = api.caches.revision;
        await again.stop();
        expect(timers).toBe(0);
        expect(api.caches.revision).toBe(afterService);
    });

    it('that are built in and deleted are out of discovery until the next start, and still served', async () => {
        await api.call('DELETE', `${collection}/v1.batch`);
        expect((await api.call('GET', '/apis')).text).not.toContain('"batch"');
        expect((await aggregated()).items.map(({ metadata }) => metadata.name)).not.toContain('batch');
        expect((await api.call('GET', '/apis/batch/v1/jobs')).status).toBe(200);
        expect((await api.call('GET', '/apis/batch/v1')).status).toBe(200);
        const changed = { ...get('v1.apps'), spec: { ...get('v1.apps')?.spec, versionPriority: 3 } };
        await api.call('PUT', `${collection}/v1.apps`, { body: changed });
        expect(get('v1.apps')?.spec?.versionPriority).toBe(3);
        await (await startAgain()).stop();
        expect(get('v1.batch')?.metadata?.labels).toEqual({ [automanaged]: 'onstart' });
        expect(get('v1.apps')?.spec?.versionPriority).toBe(15);
        expect((await api.call('GET', '/apis')).text).toContain('"batch"');
    });

    it('come and go with the versions of custom resources, and are restored', async () => {
        const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
        await api.call('POST', crds, { body: definition([{ name: 'v1' }, { name: 'v1beta1' }]) });
        await established();
        await until(`v1.${group}`, (object) => object !== undefined);
        await until(`v1beta1.${group}`, (object) => object !== undefined);
        expect(get(`v1.${group}`)).toMatchObject({
            metadata: { labels: { [automanaged]: 'true' } },
            spec: { group, version: 'v1', groupPriorityMinimum: 1_000, versionPriority: 100 },
            status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
        });
        const uid = get(`v1.${group}`)?.metadata?.uid;
        await api.call('DELETE', `${collection}/v1.${group}`);
        await until(`v1.${group}`, (object) => object !== undefined && object.metadata?.uid !== uid);
        const wrong = { ...get(`v1.${group}`), spec: { ...get(`v1.${group}`)?.spec, versionPriority: 7 } };
        expect((await api.call('PUT', `${collection}/v1.${group}`, { body: wrong })).status).toBe(200);
        await until(`v1.${group}`, (object) => object?.spec?.versionPriority === 100);
        const patched = await api.kubectl(
            ...['patch', 'crd', `trees.${group}`, '--type=json', '-p'],
            '[{"op":"replace","path":"/spec/versions/1/served","value":false}]',
        );
        expect(patched.code).toBe(0);
        await until(`v1beta1.${group}`, (object) => object === undefined);
        await api.call('DELETE', `${crds}/trees.${group}`);
        await until(`v1.${group}`, (object) => object === undefined);
    });

    it('may give one version of a group to another server', async () => {
        const resource = {
            name: 'trees',
            singularName: 'tree',
            namespaced: true,
            kind: 'Tree',
            verbs: ['list'],
        };
        extension.serveGroupVersion(`${group}/v2`, [resource]);
        extension.serve(`/apis/${group}/v2/trees`, {
            kind: 'TreeList',
            apiVersion: `${group}/v2`,
            metadata: {},
            items: [],
        });
        await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
            body: definition([{ name: 'v1' }]),
        });
        await established();
        await until(`v1.${group}`, (object) => object !== undefined);
        const foreign = apiService(`${group}/v2`, bundle(keys.serving));
        expect((await api.call('POST', collection, { body: foreign })).status).toBe(201);
        await availability(api, `v2.${group}`, 'Passed');
        const document = (await api.call('GET', `/apis/${group}`)).json<{
            versions: { version: string }[];
        }>();
        expect(document.versions.map(({ version }) => version)).toEqual(['v1', 'v2']);
        const mixed = (await aggregated()).items.find(({ metadata }) => metadata.name === group);
        expect(mixed?.versions).toMatchObject([
            { version: 'v1', freshness: 'Current', resources: [{ resource: 'trees' }] },
            { version: 'v2', freshness: 'Current', resources: [{ resource: 'trees' }] },
        ]);
        extension.requests.length = 0;
        expect((await api.call('GET', `/apis/${group}/v1/trees`)).text).toContain(`"${group}/v1"`);
        expect(extension.requests).toHaveLength(0);
        expect((await api.call('GET', `/apis/${group}/v2/trees`)).text).toContain(`"${group}/v2"`);
        expect(extension.requests).toHaveLength(1);

        // A version that custom resources have is taken over by who takes the label away.
        extension.serveGroupVersion(`${group}/v1`, [resource]);
        extension.serve(`/apis/${group}/v1/trees`, { taken: true });
        const local = get(`v1.${group}`);
        const { resourceVersion } = local?.metadata ?? {};
        const taken = apiService(`${group}/v1`, { ...bundle(keys.serving), versionPriority: 100 });
        const body = { ...taken, metadata: { ...taken.metadata, resourceVersion } };
        expect((await api.call('PUT', `${collection}/v1.${group}`, { body })).status).toBe(200);
        await availability(api, `v1.${group}`, 'Passed');
        expect((await api.call('GET', `/apis/${group}/v1/trees`)).json()).toEqual({ taken: true });
        await (await startAgain()).stop();
        expect(get(`v1.${group}`)?.spec?.service?.name).toBe('fruits');
        await api.call('DELETE', `${collection}/v1.${group}`);
        await until(`v1.${group}`, (object) => object?.metadata?.labels?.[automanaged] === 'true');
        expect((await api.call('GET', `/apis/${group}/v1/trees`)).text).toContain('"TreeList"');
        await api.call('DELETE', `${collection}/v2.${group}`);
        await api.call('DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trees.${group}`);
    });

    it('say whether the server behind their Service is there, and why not', async () => {
        const name = 'v1.status.example.com';
        extension.serveGroupVersion('status.example.com/v1', []);
        const service = { namespace: 'default', name: 'status', port: 8443 };
        const body = apiService('status.example.com/v1', { insecureSkipTLSVerify: true, service });
        await api.call('POST', collection, { body });
        const services = '/api/v1/namespaces/default/services';
        expect(await availability(api, name, 'ServiceNotFound')).toMatchObject({
            status: 'False',
            message: 'service/status in "default" is not present',
        });
        const spec = { clusterIP: 'None', ports: [{ name: 'api', port: 443 }] };
        await api.call('POST', services, {
            body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'status' }, spec },
        });
        expect((await availability(api, name, 'ServicePortError')).message).toBe(
            'service/status in "default" is not listening on port 8443',
        );
        const patch = '[{"op":"replace","path":"/spec/ports/0/port","value":8443}]';
        await api.kubectl('patch', 'service', 'status', '--type=json', '-p', patch);
        expect((await availability(api, name, 'EndpointsNotFound')).message).toBe(
            'cannot find endpointslices for service/status in "default"',
        );
        const slice = { name: 'status', port: extension.port, portName: 'api' };
        await putEndpoints(api, { ...slice, ready: false });
        expect((await availability(api, name, 'MissingEndpoints')).message).toBe(
            'endpointslices for service/status in "default" have no addresses with port name "api"',
        );
        extension.isBroken = true;
        await putEndpoints(api, slice);
        const url = `https://127.0.0.1:${extension.port}/apis/status.example.com/v1`;
        expect((await availability(api, name, 'FailedDiscoveryCheck')).message).toBe(
            `failing or missing response from ${url}: bad status from ${url}: 500`,
        );
        expect((await api.kubectl('get', 'apiservice', name, '--no-headers')).stdout).toMatch(
            /default\/status +False \(FailedDiscoveryCheck\)/,
        );
        // Nothing of the API changes now: it is asked again by itself.
        extension.isBroken = false;
        const passed = await availability(api, name, 'Passed');
        expect(passed).toMatchObject({ status: 'True', message: 'all checks passed' });
        await putEndpoints(api, { ...slice, port: 1 });
        expect((await availability(api, name, 'FailedDiscoveryCheck')).message).toBe(
            'failing or missing response from https://127.0.0.1:1/apis/status.example.com/v1: ' +
                'Get "https://127.0.0.1:1/apis/status.example.com/v1": dial tcp 127.0.0.1:1: connect: connection refused',
        );
        const metrics = (await api.call('GET', '/metrics')).text.split('\n');
        expect(metrics.filter((line) => line.startsWith('aggregator_') && line.includes(name))).toEqual([
            `aggregator_unavailable_apiservice{name="${name}"} 1`,
            `aggregator_unavailable_apiservice_total{name="${name}",reason="FailedDiscoveryCheck"} 1`,
        ]);
        // Back to what this server answers itself.
        const { resourceVersion } = get(name)?.metadata ?? {};
        const { service: _, insecureSkipTLSVerify: __, ...local } = body.spec ?? {};
        const put = { ...body, metadata: { ...body.metadata, resourceVersion }, spec: local };
        await api.call('PUT', `${collection}/${name}`, { body: put });
        await availability(api, name, 'Local');
        await api.call('DELETE', `${collection}/${name}`);
    });

    it('do not write a status that says nothing new, however often the server is asked', async () => {
        const name = 'v1.quiet.example.com';
        extension.serveGroupVersion('quiet.example.com/v1', []);
        await api.call('POST', collection, {
            body: apiService('quiet.example.com/v1', bundle(keys.serving)),
        });
        await availability(api, name, 'Passed');
        const path = '/apis/quiet.example.com/v1';
        const count = (): number => extension.asked.get(path) ?? 0;
        let writes = 0;
        const remove = api.caches.onChange(apiServices, (object) => {
            if (object.metadata?.name === name) writes++;
        });
        const checked = async (times: number): Promise<void> => {
            const before = count();
            while (count() < before + times) await new Promise((resolve) => setImmediate(resolve));
        };
        // Each change of the endpoints has it checked again.
        for (let round = 0; round < 3; round++) {
            await putEndpoints(api, { name: 'fruits', port: extension.port });
            await checked(1);
        }
        expect(writes).toBe(0);
        extension.isBroken = true;
        await putEndpoints(api, { name: 'fruits', port: extension.port });
        // It fails again and again meanwhile, each time in the same words.
        await checked(5);
        expect(writes).toBe(1);
        extension.isBroken = false;
        await availability(api, name, 'Passed');
        expect(writes).toBe(2);
        remove();
        await api.call('DELETE', `${collection}/${name}`);
    });

    it('find servers that know whom to believe, from what this one tells in kube-system', async () => {
        await reconcileBootstrapPolicy(api.client);
        await ensureSystemObjects({
            client: api.client,
            clusterIpRange: '10.96.0.0/16',
            securePort: 6443,
            clientCa: 'the authority of clients',
            requestHeaderCa: keys.frontProxyCa.cert,
            requestHeader: {
                allowedNames: ['front-proxy-client'],
                usernameHeaders: ['X-Remote-User'],
                uidHeaders: ['X-Remote-Uid'],
                groupHeaders: ['X-Remote-Group', 'X-Other-Group'],
                extraHeaderPrefixes: ['X-Remote-Extra-'],
            },
        });
        const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
        expect((await api.call('GET', path)).json<V1ConfigMap>().data).toEqual({
            'client-ca-file': 'the authority of clients',
            'requestheader-client-ca-file': keys.frontProxyCa.cert,
            'requestheader-allowed-names': '["front-proxy-client"]',
            'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
            'requestheader-group-headers': '["X-Remote-Group","X-Other-Group"]',
            'requestheader-uid-headers': '["X-Remote-Uid"]',
            'requestheader-username-headers': '["X-Remote-User"]',
        });
        const reader = await api.user('system:serviceaccount:default:fruits');
        expect((await api.call('GET', path, { as: reader })).status).toBe(403);
        const role = 'extension-apiserver-authentication-reader';
        const bound = await api.kubectl(
            ...['create', 'rolebinding', 'fruits', '-n', 'kube-system', `--role=${role}`],
            '--user=system:serviceaccount:default:fruits',
        );
        expect(bound.code).toBe(0);
        expect((await api.call('GET', path, { as: reader })).status).toBe(200);
        const scheduler = await api.user('system:kube-scheduler');
        expect((await api.call('GET', path, { as: scheduler })).status).toBe(200);
    });

    it('have what the conformance suite asks of them', async () => {
        const groupVersion = 'wardle.example.com/v1alpha1';
        const name = 'v1alpha1.wardle.example.com';
        const flunders = new Map<string, object>();
        const base = `/apis/${groupVersion}/namespaces/default/flunders`;
        const flunder = {
            apiVersion: groupVersion,
            kind: 'Flunder',
            metadata: { name: 'rest-flunder', labels: { 'sample-label': 'true' }, namespace: 'default' },
        };
        extension.serveGroupVersion(groupVersion, [
            {
                name: 'flunders',
                singularName: 'flunder',
                namespaced: true,
                kind: 'Flunder',
                verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
            },
        ]);
        extension.serve(base, (request, response, body) => {
            if (request.method === 'POST') {
                flunders.set('rest-flunder', JSON.parse(body) as object);
                json(response, flunder, 201);
                return;
            }
            const items = [...flunders.values()];
            json(response, { kind: 'FlunderList', apiVersion: groupVersion, metadata: {}, items });
        });
        extension.serve(`${base}/rest-flunder`, (request, response) => {
            if (request.method === 'DELETE') flunders.delete('rest-flunder');
            json(
                response,
                request.method === 'DELETE'
                    ? { kind: 'Status', apiVersion: 'v1', status: 'Success' }
                    : flunder,
            );
        });
        const body = apiService(groupVersion, {
            ...bundle(keys.serving),
            groupPriorityMinimum: 2000,
            versionPriority: 200,
        });
        const labelled = { ...body, metadata: { ...body.metadata, labels: { 'e2e-apiservice': 'one' } } };
        await api.call('POST', collection, { body: labelled });
        await availability(api, name, 'Passed');
        expect((await api.call('POST', base, { body: flunder })).status).toBe(201);
        expect((await api.call('GET', base)).json()).toMatchObject({ items: [flunder] });
        const kubectl = await api.kubectl('get', 'flunders', '-n', 'default', '-o', 'name');
        expect(kubectl.stdout).toBe('flunder.wardle.example.com/rest-flunder\n');
        await api.kubectl('delete', '-n', 'default', 'flunder', 'rest-flunder', '--wait=false');
        expect((await api.call('GET', base)).json()).toMatchObject({ items: [] });

        const type = { group: 'wardle.example.com', version: 'v1alpha1', resource: 'flunders' };
        const inside = api.client.resource({ ...type, kind: 'Flunder', namespaced: true });
        expect((await inside.list({ namespace: 'default' })).items).toEqual([]);

        const status = (await api.call('GET', `${collection}/${name}/status`)).json<V1APIService>();
        expect(status.status?.conditions?.[0]?.type).toBe('Available');
        const condition = {
            type: 'StatusPatched',
            status: 'True',
            reason: 'E2E',
            message: 'Set by e2e test',
        };
        const patched = await api.call('PATCH', `${collection}/${name}/status`, {
            headers: { 'content-type': 'application/merge-patch+json' },
            body: {
                metadata: { annotations: { patchedstatus: 'true' } },
                status: { conditions: [...(status.status?.conditions ?? []), condition] },
            },
        });
        expect(patched.json<V1APIService>().status?.conditions).toContainEqual(condition);
        const changed = patched.json<V1APIService>();
        const conditions = [...(changed.status?.conditions ?? []), { ...condition, type: 'StatusUpdate' }];
        const put = await api.call('PUT', `${collection}/${name}/status`, {
            body: { ...changed, status: { conditions } },
        });
        expect(put.json<V1APIService>().status?.conditions).toHaveLength(3);
        const selected = await api.call('GET', `${collection}?labelSelector=e2e-apiservice%3Done`);
        expect(selected.json<{ items: object[] }>().items).toHaveLength(1);
        const gone = await api.call('DELETE', `${collection}?labelSelector=e2e-apiservice%3Done`);
        expect(gone.status).toBe(200);
        expect(get(name)).toBeUndefined();
        expect((await api.call('GET', base)).status).toBe(404);
    });
});
