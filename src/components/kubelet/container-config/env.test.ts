import { describe, expect, it } from '@jest/globals';
import type { V1Container } from '../../../api/meta/object.ts';
import { noObjects, type ObjectSource } from '../volumes/object-source.ts';
import { makeEnvironment } from './env.ts';

const objects: ObjectSource = {
    ...noObjects,
    configMap: async (_, name) =>
        await Promise.resolve(name === 'cm' ? { data: { key: 'value', other: 'o' } } : undefined),
    secret: async (_, name) =>
        await Promise.resolve(
            name === 's' ? { data: { token: Buffer.from('secret').toString('base64') } } : undefined,
        ),
};

async function envOf(container: Partial<V1Container>): Promise<Record<string, string>> {
    const list = await makeEnvironment({
        pod: { metadata: { name: 'p', namespace: 'n', labels: { app: 'web' } }, spec: { containers: [] } },
        container: { name: 'c', ...container },
        addresses: { podIps: ['10.0.0.1'], hostIps: ['192.168.0.1'] },
        allocatable: { cpu: '4', memory: '1Gi' },
        services: { KUBERNETES_SERVICE_HOST: '10.96.0.1', CLASH: 'service' },
        objects,
    });
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

describe('makeEnvironment', () => {
    it('merges services, envFrom and env, later ones winning', async () => {
        const env = await envOf({
            envFrom: [{ configMapRef: { name: 'cm' } }, { prefix: 'P_', secretRef: { name: 's' } }],
            env: [
                { name: 'other', value: 'own' },
                { name: 'CLASH', value: '$(KUBERNETES_SERVICE_HOST)/$(key)/$(P_token)' },
            ],
        });
        expect(env).toEqual({
            KUBERNETES_SERVICE_HOST: '10.96.0.1',
            key: 'value',
            other: 'own',
            P_token: 'secret',
            CLASH: '10.96.0.1/value/secret',
        });
    });

    it('reads fields, resources and keys', async () => {
        const env = await envOf({
            resources: { limits: { cpu: '250m' } },
            env: [
                { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
                { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
                { name: 'MILLI', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
                {
                    name: 'MEM',
                    valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
                },
                { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
                { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'gone', key: 'k', optional: true } } },
            ],
        });
        expect(env).toMatchObject({
            IP: '10.0.0.1',
            APP: 'web',
            CPU: '1',
            MILLI: '250',
            MEM: '1024',
            KEY: 'secret',
        });
        expect(env).not.toHaveProperty('NONE');
    });

    it.each([
        [
            { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'gone', key: 'k' } } }] },
            'configmap "gone" not found',
        ],
        [
            { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }] },
            "couldn't find key k in ConfigMap n/cm",
        ],
        [{ envFrom: [{ secretRef: { name: 'gone' } }] }, 'secret "gone" not found'],
    ])("refuses %j with upstream's words", async (container, message) => {
        await expect(envOf(container)).rejects.toThrow(message);
    });
});
