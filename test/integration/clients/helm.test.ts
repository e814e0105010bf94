import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import https from 'node:https';
import type { V1Deployment, V1Pod, V1Secret } from '@kubernetes/client-node';
import { eventually } from '../support/api-server.ts';
import { k8s } from '../../harness/client-node.mjs';
import { ControlPlane } from './control-plane.ts';

interface Reply<T> {
    status: number;
    type: string;
    body: T;
}
interface Discovery {
    kind: string;
    apiVersion: string;
    items: {
        metadata: { name: string };
        versions: { version: string; resources: { resource: string }[] }[];
    }[];
}
interface Status {
    reason?: string;
    message?: string;
}

const secrets = '/api/v1/namespaces/default/secrets';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

/** What Helm 3 says on the wire when it installs, upgrades and forgets a release. */
describe('a release manager', () => {
    let plane: ControlPlane;
    let agent: https.Agent;

    beforeAll(async () => {
        plane = await ControlPlane.start();
        const config = new k8s.KubeConfig();
        config.loadFromFile(plane.kubeconfig);
        agent = new https.Agent({
            ca: Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64'),
            cert: Buffer.from(config.getCurrentUser()?.certData ?? '', 'base64'),
            key: Buffer.from(config.getCurrentUser()?.keyData ?? '', 'base64'),
            keepAlive: true,
        });
    }, 60_000);
    afterAll(async () => {
        agent.destroy();
        await plane.close();
    });

    async function call<T>(
        method: string,
        path: string,
        {
            body,
            type = 'application/json',
            accept = 'application/json',
        }: { body?: object; type?: string; accept?: string } = {},
    ): Promise<Reply<T>> {
        return await new Promise((resolve, reject) => {
            const text = body === undefined ? undefined : JSON.stringify(body);
            // Node.js by itself says nothing of the length of what it sends with DELETE.
            const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
            const headers = { accept, ...(text === undefined ? {} : { 'content-type': type }), ...length };
            const request = https.request(`${plane.url}${path}`, { method, agent, headers }, (response) => {
                const chunks: Buffer[] = [];
                response.on('data', (chunk: Buffer) => chunks.push(chunk));
                response.on('error', reject);
                response.on('end', () => {
                    resolve({
                        status: response.statusCode ?? 0,
                        type: response.headers['content-type'] ?? '',
                        body: JSON.parse(Buffer.concat(chunks).toString()) as T,
                    });
                });
            });
            request.on('error', reject);
            request.end(text);
        });
    }

    const release = (version: number, status: string, bytes = 20): V1Secret => ({
        metadata: {
            name: `sh.helm.release.v1.shop.v${version}`,
            labels: {
                owner: 'helm',
                name: 'shop',
                status,
                version: String(version),
                modifiedAt: '1700000000',
            },
        },
        type: 'helm.sh/release.v1',
        data: { release: randomBytes(bytes).toString('base64') },
    });
    const named = async (selector: string): Promise<string[]> => {
        const query = encodeURIComponent(selector);
        const { body } = await call<{ items: V1Secret[] }>('GET', `${secrets}?labelSelector=${query}`);
        return body.items.map(({ metadata }) => metadata?.name ?? '');
    };

    const manifest = (image: string, env: object[]): V1Deployment => ({
        metadata: { name: 'shop', labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
        spec: {
            selector: { matchLabels: { app: 'shop' } },
            template: {
                metadata: { labels: { app: 'shop' } },
                spec: {
                    containers: [{ name: 'web', image, env } as never, { name: 'side', image: 'side:1' }],
                },
            },
        },
    });

    it('keeps releases in Secrets, found by label, as large as a Secret may be', async () => {
        expect((await call('POST', secrets, { body: release(1, 'deployed') })).status).toBe(201);
        const again = await call<Status>('POST', secrets, { body: release(1, 'deployed') });
        expect([again.status, again.body.message]).toEqual([
            409,
            'secrets "sh.helm.release.v1.shop.v1" already exists',
        ]);
        const large = await call<V1Secret>('POST', secrets, {
            body: release(2, 'pending-upgrade', 1024 * 1024),
        });
        expect([large.status, large.body.type]).toEqual([201, 'helm.sh/release.v1']);
        expect(
            (await call('PUT', `${secrets}/sh.helm.release.v1.shop.v1`, { body: release(1, 'superseded') }))
                .status,
        ).toBe(200);
        expect(await named('owner=helm,name=shop,status in (deployed,superseded)')).toEqual([
            'sh.helm.release.v1.shop.v1',
        ]);
        expect(await named('owner=helm,status notin (superseded)')).toEqual(['sh.helm.release.v1.shop.v2']);
        const over = await call<Status>('POST', secrets, { body: release(3, 'failed', 1024 * 1024 + 1) });
        expect([over.status, over.body.message]).toEqual([
            422,
            'Secret "sh.helm.release.v1.shop.v3" is invalid: data: Too long: may not be more than 1048576 bytes',
        ]);
    });

    it('tries an installation out, and leaves nothing behind', async () => {
        const body = manifest('web:1', [{ name: 'A', value: '1' }]);
        const tried = await call<V1Deployment>('POST', `${deployments}?dryRun=All&fieldManager=helm`, {
            body,
        });
        expect([tried.status, tried.body.spec?.replicas]).toEqual([201, 1]);
        expect(tried.body.metadata?.uid).not.toBe('');
        expect((await call('GET', `${deployments}/shop`)).status).toBe(404);
        body.spec!.replicas = -1;
        const bad = await call<Status>('POST', `${deployments}?dryRun=All`, { body });
        expect([bad.status, bad.body.message]).toEqual([
            422,
            'Deployment.apps "shop" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ]);
    });

    it('upgrades with a three-way patch and waits until the new pods are ready', async () => {
        const body = manifest('web:1', [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
        ]);
        expect((await call('POST', `${deployments}?fieldManager=helm`, { body })).status).toBe(201);
        // Another hand adds a variable, which the patch knows nothing of.
        const strategic = 'application/strategic-merge-patch+json';
        const container = (fields: object) => ({
            spec: { template: { spec: { containers: [{ name: 'web', ...fields }] } } },
        });
        const patch = async (fields: object) =>
            await call<V1Deployment>('PATCH', `${deployments}/shop?fieldManager=helm`, {
                body: fields,
                type: strategic,
            });
        await patch(container({ env: [{ name: 'C', value: '3' }] }));
        const upgraded = await patch({
            spec: {
                template: {
                    spec: {
                        '$setElementOrder/containers': [{ name: 'web' }],
                        containers: [
                            {
                                name: 'web',
                                image: 'web:2',
                                '$setElementOrder/env': [{ name: 'B' }, { name: 'D' }],
                                env: [
                                    { name: 'D', value: '4' },
                                    { $patch: 'delete', name: 'A' },
                                ],
                            },
                            { $patch: 'delete', name: 'side' },
                        ],
                    },
                },
            },
        });
        expect(upgraded.status).toBe(200);
        const [web, ...others] = upgraded.body.spec?.template.spec?.containers ?? [];
        expect(others).toEqual([]);
        expect(web).toMatchObject({ image: 'web:2' });
        // What was added without an order stands first, and what the patch does not name keeps its place.
        expect(web?.env?.map(({ name }) => name)).toEqual(['C', 'B', 'D']);

        const pods = '/api/v1/namespaces/default/pods';
        const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
        await eventually('the Deployment is available', async () => {
            const { body: list } = await call<{ items: V1Pod[] }>('GET', `${pods}?labelSelector=app%3Dshop`);
            for (const { metadata, status } of list.items)
                if (status?.phase !== 'Running')
                    await call('PATCH', `${pods}/${metadata?.name ?? ''}/status`, {
                        body: { status: { phase: 'Running', conditions: [ready] } },
                        type: strategic,
                    });
            const { metadata, status } = (await call<V1Deployment>('GET', `${deployments}/shop`)).body;
            return (
                status?.observedGeneration === metadata?.generation &&
                status?.updatedReplicas === 1 &&
                status.replicas === 1 &&
                status.availableReplicas === 1
            );
        });
    });

    it('installs a definition and finds its kind at once, in every form of discovery', async () => {
        const group = 'charts.example.com';
        const definition = {
            apiVersion: 'apiextensions.k8s.io/v1',
            kind: 'CustomResourceDefinition',
            metadata: { name: `boats.${group}` },
            spec: {
                ...{ group, scope: 'Namespaced', names: { plural: 'boats', kind: 'Boat' } },
                versions: [
                    {
                        ...{ name: 'v1', served: true, storage: true },
                        schema: { openAPIV3Schema: { type: 'object' } },
                    },
                ],
            },
        };
        const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
        expect((await call('POST', path, { body: definition })).status).toBe(201);
        await eventually(
            'the kind is served',
            async () => (await call('GET', `/apis/${group}/v1`)).status === 200,
            1000,
        );
        const boat = { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'dinghy' } };
        const made = await call('POST', `/apis/${group}/v1/namespaces/default/boats`, { body: boat });
        expect(made.status).toBe(201);
        for (const version of ['v2', 'v2beta1']) {
            const wanted = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
            const { body, type } = await call<Discovery>('GET', '/apis', {
                accept: `${wanted},application/json`,
            });
            expect([type, body.kind, body.apiVersion]).toEqual([
                ...[wanted, 'APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`],
            ]);
            const found = body.items.find(({ metadata }) => metadata.name === group);
            expect(found?.versions[0]?.resources.map(({ resource }) => resource)).toEqual(['boats']);
        }
        const plain = await call<{ kind: string; groups: { name: string }[] }>('GET', '/apis');
        expect(plain.body.kind).toBe('APIGroupList');
        expect(plain.body.groups.map(({ name }) => name)).toContain(group);
    });

    it('forgets a release', async () => {
        const query = encodeURIComponent('owner=helm,name=shop');
        expect((await call('DELETE', `${secrets}?labelSelector=${query}`)).status).toBe(200);
        expect(await named('owner=helm')).toEqual([]);
        const background = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
        expect((await call('DELETE', `${deployments}/shop`, { body: background })).status).toBe(200);
        await eventually('its pods are gone', async () => {
            const { body } = await call<{ items: V1Pod[] }>(
                'GET',
                '/apis/apps/v1/namespaces/default/replicasets',
            );
            return body.items.length === 0;
        });
    });
});
