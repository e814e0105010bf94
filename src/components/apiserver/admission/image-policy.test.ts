import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '../../../api/meta/object.ts';
import { renderKubeconfig } from '../../../client/kubeconfig.ts';
import { admissionRequest, admit } from '../testing/admission-request.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { readAdmissionConfiguration } from './configuration.ts';
import { admissionPluginNames, createAdmission } from './index.ts';

const review = { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview' };

let server: Server;
let directory: string;
let kubeConfigFile: string;
let asked: { spec: object }[];
let reply: { status: number; body: object };

beforeAll(async () => {
    server = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
            asked.push(JSON.parse(body) as { spec: object });
            response.writeHead(reply.status, { 'content-type': 'application/json' });
            response.end(JSON.stringify(reply.body));
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    directory = await mkdtemp(join(tmpdir(), 'image-policy-'));
    kubeConfigFile = join(directory, 'kubeconfig');
    const { port } = server.address() as AddressInfo;
    const text = renderKubeconfig({
        server: `http://127.0.0.1:${port}/review`,
        userName: 'api-server',
        certificateAuthority: 'unused',
        credentials: { type: 'token', token: 'a' },
    });
    await writeFile(kubeConfigFile, text);
});
afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
});
beforeEach(() => {
    asked = [];
    reply = { status: 200, body: { ...review, status: { allowed: true } } };
});

let nowMs = 0;
const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer: (_delayMs: number, run: () => void) => {
        const timer = setImmediate(run);
        return () => {
            clearImmediate(timer);
        };
    },
};

async function plugins(settings: object = {}) {
    const file = {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AdmissionConfiguration',
        plugins: [
            {
                name: 'ImagePolicyWebhook',
                configuration: { imagePolicy: { kubeConfigFile, ...settings } },
            },
        ],
    };
    const configuration = await readAdmissionConfiguration(Buffer.from(JSON.stringify(file)), () => {
        throw new Error('no other file is read');
    });
    const reader = new MemoryReader();
    return createAdmission({
        reader,
        client: () => new MemoryClient(reader),
        enable: ['ImagePolicyWebhook'],
        disable: admissionPluginNames.filter((name) => name !== 'ImagePolicyWebhook'),
        clock,
        configuration,
    }).filter(({ name }) => name === 'ImagePolicyWebhook');
}

const pod = (image = 'nginx'): V1Pod => ({
    metadata: {
        namespace: 'shop',
        name: 'web',
        annotations: { 'my.image-policy.k8s.io/ticket': '7', other: 'x' },
    },
    spec: {
        containers: [{ name: 'c', image }],
        initContainers: [{ name: 'i', image: 'busybox' }],
        ephemeralContainers: [{ name: 'e', image: 'debug' }],
    },
});

describe('ImagePolicyWebhook', () => {
    it('asks with the images, the namespace and its annotations, once while the answer counts', async () => {
        const chain = await plugins({ allowTTL: 10 });
        await admit(chain, admissionRequest('pods', pod()));
        await admit(chain, admissionRequest('pods', pod(), { operation: 'UPDATE' }));
        expect(asked).toEqual([
            {
                ...review,
                metadata: {},
                spec: {
                    containers: [{ image: 'nginx' }, { image: 'busybox' }],
                    annotations: { 'my.image-policy.k8s.io/ticket': '7' },
                    namespace: 'shop',
                },
                status: {},
            },
        ]);
        nowMs += 10_000;
        await admit(chain, admissionRequest('pods', pod()));
        expect(asked).toHaveLength(2);
    });

    it('asks about the images of ephemeral containers when they are added', async () => {
        await admit(
            await plugins(),
            admissionRequest('pods/ephemeralcontainers', pod(), { operation: 'UPDATE' }),
        );
        expect(asked[0]?.spec).toMatchObject({ containers: [{ image: 'debug' }] });
        await admit(await plugins(), admissionRequest('pods/status', pod(), { operation: 'UPDATE' }));
        expect(asked).toHaveLength(1);
    });

    it('refuses what the backend denies, with its reason', async () => {
        const chain = await plugins({ denyTTL: -1 });
        reply.body = { ...review, status: { allowed: false, reason: 'not signed' } };
        await expect(admit(chain, admissionRequest('pods', pod()))).rejects.toThrow(
            'pods "web" is forbidden: image policy webhook backend denied one or more images: not signed',
        );
        reply.body = { ...review, status: { allowed: false } };
        await expect(admit(chain, admissionRequest('pods', pod()))).rejects.toThrow(
            'pods "web" is forbidden: one or more images rejected by webhook backend',
        );
    });

    it.each<[string, typeof reply]>([
        ['an error', { status: 400, body: {} }],
        ['something else', { status: 200, body: { kind: 'Pod', apiVersion: 'v1' } }],
    ])('goes by defaultAllow when the backend answers with %s', async (_what, answer) => {
        reply = answer;
        await expect(admit(await plugins(), admissionRequest('pods', pod()))).rejects.toMatchObject({
            status: { code: 403, reason: 'Forbidden' },
        });
        const notes: Record<string, string> = {};
        const request = admissionRequest('pods', pod(), {
            annotate: (key, value) => {
                notes[key] = value;
            },
        });
        const admitted = await admit(await plugins({ defaultAllow: true }), request);
        expect(notes).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' });
        expect(admitted.object?.metadata?.annotations).toMatchObject({
            'alpha.image-policy.k8s.io/failed-open': 'true',
            other: 'x',
        });
    });

    it('tries a busy backend again', async () => {
        reply = { status: 503, body: {} };
        await expect(admit(await plugins(), admissionRequest('pods', pod()))).rejects.toThrow('503');
        expect(asked).toHaveLength(5);
    });

    it.each<[object, string]>([
        [{ kubeConfigFile: '' }, 'imagePolicy.kubeConfigFile: Required value'],
        [{ kubeConfigFile: '/nowhere' }, 'cannot read kubeconfig /nowhere'],
        [{ allowTTL: 1 }, 'imagePolicy.allowTTL: valid value is between 1s and 30m0s, got 1s'],
        [{ denyTTL: 7200 }, 'imagePolicy.denyTTL: valid value is between 1s and 30m0s, got 2h0m0s'],
        [{ retryBackoff: -2 }, 'imagePolicy.retryBackoff: valid value is between 1ns and 5m0s, got -2ms'],
        [{ defaultAllow: 'yes' }, 'imagePolicy.defaultAllow: must be true or false'],
    ])('does not take %j', async (settings, message) => {
        await expect(plugins(settings)).rejects.toThrow(message);
    });

    it('cannot do without its backend', () => {
        const reader = new MemoryReader();
        const client = () => new MemoryClient(reader);
        expect(() =>
            createAdmission({ reader, client, enable: ['ImagePolicyWebhook'], disable: [] }),
        ).toThrow('needs its backend from --admission-control-config-file');
    });
});
