import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeConfig, V1Deployment } from '@kubernetes/client-node';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { k8s } from '../../harness/client-node.mjs';
import { informers } from './client-node-informers.suite.ts';
import { objectsOfAnyKind, refused } from './client-node-objects.suite.ts';
import { ControlPlane } from './control-plane.ts';

const namespace = 'default';

describe('the official JavaScript client', () => {
    let plane: ControlPlane;
    let config: KubeConfig;

    beforeAll(async () => {
        plane = await ControlPlane.start();
        config = new k8s.KubeConfig();
        config.loadFromFile(plane.kubeconfig);
    }, 60_000);
    afterAll(async () => {
        await plane.close();
    });

    objectsOfAnyKind(() => config);
    informers(() => ({ plane, config }));

    const deployment = (name: string): V1Deployment => ({
        metadata: { name, labels: { app: name } },
        spec: {
            replicas: 1,
            selector: { matchLabels: { app: name } },
            strategy: { rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
            template: {
                metadata: { labels: { app: name } },
                spec: {
                    containers: [
                        {
                            name: 'web',
                            image: 'example.com/web:1',
                            resources: { requests: { cpu: '0.5', memory: '64Mi' } },
                            ports: [{ containerPort: 80, name: 'web' }],
                            readinessProbe: { httpGet: { path: '/', port: 'web' } },
                        },
                    ],
                },
            },
        },
    });

    it('carries dates, quantities and numbers that may be words there and back', async () => {
        const apps = config.makeApiClient(k8s.AppsV1Api);
        const made = await apps.createNamespacedDeployment({ namespace, body: deployment('typed') });
        expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
        expect(made.spec?.strategy?.rollingUpdate).toMatchObject({ maxSurge: '50%', maxUnavailable: 0 });
        const [container] = made.spec?.template.spec?.containers ?? [];
        expect(container?.resources?.requests).toEqual({ cpu: '500m', memory: '64Mi' });
        expect(container?.readinessProbe?.httpGet?.port).toBe('web');
        const name = 'typed';
        const scaled = await apps.patchNamespacedDeploymentScale(
            { name, namespace, body: { spec: { replicas: 2 } } },
            k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
        );
        expect(scaled.spec?.replicas).toBe(2);
        const found = await apps.readNamespacedDeployment({ name, namespace });
        delete found.metadata?.resourceVersion;
        found.spec!.replicas = 3;
        expect(
            (await apps.replaceNamespacedDeployment({ name, namespace, body: found })).spec?.replicas,
        ).toBe(3);
        expect((await apps.deleteNamespacedDeployment({ name, namespace })).status).toBe('Success');
    });

    it('speaks to every group through its types', async () => {
        const job = await config.makeApiClient(k8s.BatchV1Api).createNamespacedJob({
            namespace,
            body: {
                metadata: { name: 'once' },
                spec: {
                    suspend: true,
                    template: {
                        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] },
                    },
                },
            },
        });
        expect(job.spec?.backoffLimit).toBe(6);
        const role = await config.makeApiClient(k8s.RbacAuthorizationV1Api).createNamespacedRole({
            namespace,
            body: {
                metadata: { name: 'reader' },
                rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
            },
        });
        expect(role.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
        const lease = await config.makeApiClient(k8s.CoordinationV1Api).createNamespacedLease({
            namespace,
            body: {
                metadata: { name: 'held' },
                spec: { holderIdentity: 'me', renewTime: new k8s.V1MicroTime('2026-01-02T03:04:05.678901Z') },
            },
        });
        expect(new Date(String(lease.spec?.renewTime)).getTime()).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
        const { status } = await config.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({
            body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
        });
        expect(status?.allowed).toBe(true);
        expect((await config.makeApiClient(k8s.VersionApi).getCode()).major).toBe('1');
    });

    it('loads configurations with tokens and with programs that give them', async () => {
        const core = config.makeApiClient(k8s.CoreV1Api);
        await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'robot' } } });
        const { status } = await core.createNamespacedServiceAccountToken({
            ...{ name: 'robot', namespace },
            body: { spec: { audiences: [], expirationSeconds: 3600 } },
        });
        expect(status?.expirationTimestamp).toBeInstanceOf(Date);
        const token = status?.token ?? '';
        const credential = {
            apiVersion: 'client.authentication.k8s.io/v1',
            kind: 'ExecCredential',
            status: { token },
        };
        const program = {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: process.execPath,
            args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
            interactiveMode: 'Never',
        };
        const admin = load(readFileSync(plane.kubeconfig, 'utf8')) as { users: { name: string }[] };
        for (const user of [{ token }, { exec: program }]) {
            const robot = new k8s.KubeConfig();
            const file = join(plane.directory, 'robot.conf');
            writeFileSync(file, JSON.stringify({ ...admin, users: [{ name: admin.users[0]?.name, user }] }));
            robot.loadFromFile(file);
            const who = await robot
                .makeApiClient(k8s.AuthenticationV1Api)
                .createSelfSubjectReview({ body: {} });
            expect(who.status?.userInfo?.username).toBe('system:serviceaccount:default:robot');
            expect(
                await refused(robot.makeApiClient(k8s.CoreV1Api).listNamespacedPod({ namespace })),
            ).toMatchObject({
                code: 403,
                message:
                    'pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods" ' +
                    'in API group "" in the namespace "default"',
            });
        }
    });

    it('learns that there are no metrics, and that the server is well', async () => {
        const metrics = new k8s.Metrics(config);
        await expect(metrics.getNodeMetrics()).rejects.toMatchObject({ code: 404 });
        const core = config.makeApiClient(k8s.CoreV1Api);
        await expect(k8s.topNodes(core)).resolves.toEqual([]);
        expect(await new k8s.Health(config).readyz({})).toBe(true);
    });
});
