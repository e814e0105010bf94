import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
    deployments,
    namespaces,
    nodes,
    podDisruptionBudgets,
    resourceQuotas,
    services,
} from '../../src/client/resource-type.ts';
import { eventually } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

let fixture: ControllerFixture;

beforeAll(async () => {
    fixture = await startControllers(['*'], {
        options: { clusterCidr: '10.42.0.0/16', nodeCidrMaskSize: 24, rootCa: 'PEM' },
    });
});
afterAll(async () => {
    await fixture.stop();
});

/** The store's revision: any write of anybody moves it. */
const revision = async (): Promise<string> =>
    (await fixture.api.admin.resource(namespaces).list()).metadata.resourceVersion ?? '';

describe('all controllers together', () => {
    it('come to rest, and write nothing while nothing happens', async () => {
        const { admin } = fixture.api;
        const namespace = 'app';
        const labels = { app: 'web' };
        await admin.resource(nodes).create({ metadata: { name: 'n' } });
        await admin.resource(namespaces).create({ metadata: { name: namespace } });
        await admin.resource(resourceQuotas).create({
            metadata: { name: 'q', namespace },
            spec: {
                hard: {
                    pods: '9',
                    'count/deployments.apps': '9',
                    'count/endpointslices.discovery.k8s.io': '9',
                },
            },
        });
        await admin.resource(podDisruptionBudgets).create({
            metadata: { name: 'b', namespace },
            spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
        });
        await admin.resource(services).create({
            metadata: { name: 'web', namespace },
            spec: {
                clusterIP: 'None',
                clusterIPs: ['None'],
                ipFamilies: ['IPv4'],
                selector: labels,
                ports: [{ port: 80, protocol: 'TCP' }],
            },
        });
        await admin.resource(deployments).create({
            metadata: { name: 'web', namespace },
            spec: {
                replicas: 2,
                selector: { matchLabels: labels },
                template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
            },
        });
        await eventually('everything is there', async () => {
            const quota = await admin.resource(resourceQuotas).get({ namespace, name: 'q' });
            const budget = await admin.resource(podDisruptionBudgets).get({ namespace, name: 'b' });
            return (
                quota.status?.used?.['pods'] === '2' &&
                quota.status.used['count/endpointslices.discovery.k8s.io'] === '1' &&
                budget.status?.expectedPods === 2
            );
        });
        let last = '';
        await eventually('it is quiet', async () => {
            const before = last;
            last = await revision();
            await new Promise((resolve) => setTimeout(resolve, 500));
            return before === last;
        });
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        expect(await revision()).toBe(last);
    });
});
