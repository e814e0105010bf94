import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Cluster, Thing } from '../support/cluster.ts';
import { convertHostPort, hostPortVersions } from '../support/conversion.ts';
import { type CustomResource, define, undefine } from '../support/definitions.ts';
import { startWebhookService, type WebhookService } from '../support/webhook-service.ts';

interface HostAndPort extends Thing {
    hostPort?: string;
    host?: string;
    port?: string;
}

/** Conversion by a webhook behind a Service, as the suite's crd_conversion_webhook.go asks for it. */
export function conversionWebhooks(cluster: Cluster): void {
    let service: WebhookService;
    let namespace: string;
    let resource: CustomResource;
    let made = 0;

    beforeAll(async () => {
        namespace = await cluster.namespace('crd-webhook');
        service = await startWebhookService(
            cluster,
            { '/crdconvert': convertHostPort },
            { namespace, name: 'e2e-test-crd-conversion-webhook', port: 9443 },
        );
    });
    afterAll(async () => {
        await service.stop();
    });
    beforeEach(async () => {
        resource = await define(cluster, {
            group: 'stable.example.com',
            name: `converted${++made}`,
            versions: hostPortVersions('v1'),
            conversion: {
                strategy: 'Webhook',
                webhook: {
                    clientConfig: service.at('/crdconvert'),
                    conversionReviewVersions: ['v1', 'v1beta1'],
                },
            },
        });
    });
    afterEach(async () => {
        await undefine(cluster, resource);
    });

    const create = async (name: string): Promise<void> => {
        const object = resource.object('v1', name, { hostPort: 'localhost:8080' });
        await cluster.create(resource.path('v1', namespace), object);
    };
    const isV1 = (object: HostAndPort): void => {
        expect(object.apiVersion).toBe('stable.example.com/v1');
        expect(object.hostPort).toBe('localhost:8080');
        expect(object).not.toHaveProperty('host');
        expect(object).not.toHaveProperty('port');
    };
    const isV2 = (object: HostAndPort): void => {
        expect(object).toMatchObject({
            apiVersion: 'stable.example.com/v2',
            host: 'localhost',
            port: '8080',
        });
        expect(object).not.toHaveProperty('hostPort');
    };

    it('shows an object of one version in the other', async () => {
        await create('cr-instance-1');
        isV2(await cluster.get<HostAndPort>(`${resource.path('v2', namespace)}/cr-instance-1`));
    });

    it('lists objects that are stored in different versions, in either version', async () => {
        await create('cr-instance-1');
        await cluster.change<Thing & { spec: { versions: object[] } }>(resource.definition, ({ spec }) => {
            spec.versions = hostPortVersions('v2');
        });
        await create('cr-instance-2');
        for (const [version, check] of [
            ['v1', isV1],
            ['v2', isV2],
        ] as const) {
            const { items } = await cluster.list<HostAndPort>(resource.path(version, namespace));
            expect(items.map(({ metadata }) => metadata.name)).toEqual(['cr-instance-1', 'cr-instance-2']);
            for (const item of items) check(item);
        }
    });
}
