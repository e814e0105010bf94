import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuthenticationV1TokenRequest, V1Pod } from '../../src/api/meta/object.ts';
import { startApiServer, type TestApiServer } from './support/api-server.ts';
import { type AskedReview, patch, type Reply, WebhookServer } from './support/webhook-server.ts';

let server: TestApiServer;
let hooks: WebhookServer;
const replies: Record<string, (review: AskedReview) => Reply> = {
    '/deny': () => ({ allowed: false, status: { message: 'no' } }),
    '/allow': () => ({ allowed: true }),
    '/audience': () => patch([{ op: 'add', path: '/spec/audiences', value: ['vault'] }]),
};
const home = '/api/v1/namespaces/default';
const configurations = '/apis/admissionregistration.k8s.io/v1';
const denied = 'admission webhook "hook.example.com" denied the request: no';

const post = async (path: string, body: object, client = server.admin): Promise<unknown> =>
    await client.request({ method: 'POST', path, body });
const token = async (body: object, client = server.admin) =>
    (await post(`${home}/serviceaccounts/default/token`, body, client)) as AuthenticationV1TokenRequest;
const configure = async (
    type: 'validating' | 'mutating',
    path: string,
    rule: { resources: string[]; operations?: string[] },
): Promise<void> => {
    await post(`${configurations}/${type}webhookconfigurations`, {
        metadata: { name: path.slice(1) },
        webhooks: [
            {
                name: 'hook.example.com',
                clientConfig: { url: hooks.url(path), caBundle: hooks.caBundle },
                rules: [{ operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['v1'], ...rule }],
                sideEffects: 'None',
                admissionReviewVersions: ['v1'],
            },
        ],
    });
};

beforeAll(async () => {
    [hooks, server] = await Promise.all([
        WebhookServer.start(replies),
        startApiServer({ admission: { enable: [], disable: ['ServiceAccount'] } }),
    ]);
    await post('/api/v1/namespaces', { metadata: { name: 'default' } });
    await post(`${home}/serviceaccounts`, { metadata: { name: 'default' } });
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await post(`${home}/pods`, { metadata: { name: 'p' }, spec });
});

afterAll(async () => {
    await server.stop();
    await hooks.stop();
});

beforeEach(() => {
    hooks.asked.length = 0;
});

afterEach(async () => {
    for (const type of ['validating', 'mutating']) {
        await server.admin.request({
            method: 'DELETE',
            path: `${configurations}/${type}webhookconfigurations`,
        });
    }
});

const authentication = '/apis/authentication.k8s.io/v1';
const authorization = '/apis/authorization.k8s.io/v1';
const access = { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } };
const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };

/** What the webhook's rule names, what it is shown, where that is posted, and the body. */
const cases: [rule: string, kind: string, path: string, body: object][] = [
    ['tokenreviews', 'TokenReview', `${authentication}/tokenreviews`, { spec: { token: 'x' } }],
    ['selfsubjectreviews', 'SelfSubjectReview', `${authentication}/selfsubjectreviews`, {}],
    [
        'selfsubjectaccessreviews',
        'SelfSubjectAccessReview',
        `${authorization}/selfsubjectaccessreviews`,
        { spec: access },
    ],
    [
        'subjectaccessreviews',
        'SubjectAccessReview',
        `${authorization}/subjectaccessreviews`,
        { spec: { ...access, user: 'jane' } },
    ],
    [
        'localsubjectaccessreviews',
        'LocalSubjectAccessReview',
        `${authorization}/namespaces/default/localsubjectaccessreviews`,
        { spec: { ...access, user: 'jane' } },
    ],
    [
        'selfsubjectrulesreviews',
        'SelfSubjectRulesReview',
        `${authorization}/selfsubjectrulesreviews`,
        { spec: { namespace: 'default' } },
    ],
    ['serviceaccounts/token', 'TokenRequest', `${home}/serviceaccounts/default/token`, { spec: {} }],
    ['pods/binding', 'Binding', `${home}/pods/p/binding`, binding],
    ['bindings', 'Binding', `${home}/bindings`, binding],
    ['pods/eviction', 'Eviction', `${home}/pods/p/eviction`, { metadata: { name: 'p' } }],
];

describe('what is created without being stored', () => {
    it.each(cases)('passes admission: %s', async (rule, kind, path, body) => {
        await configure('validating', '/deny', { resources: [rule] });
        await expect(post(path, body)).rejects.toThrow(denied);
        expect(hooks.asked).toHaveLength(1);
        const [resource, subResource] = rule.split('/');
        expect(hooks.asked[0]?.review.request).toMatchObject({
            operation: 'CREATE',
            kind: { version: 'v1', kind },
            resource: { version: 'v1', resource },
            ...(subResource === undefined ? {} : { subResource, namespace: 'default' }),
            object: { kind },
            options: { kind: 'CreateOptions' },
        });
    });

    it('is changed by mutating webhooks, and shown to the others as it is meant', async () => {
        const rule = { resources: ['serviceaccounts/token'] };
        await configure('mutating', '/audience', rule);
        await configure('validating', '/allow', rule);
        const { spec, status } = await token({ spec: {} });
        expect(spec).toMatchObject({ audiences: ['vault'], expirationSeconds: 3600 });
        const [, claims = ''] = (status?.token ?? '').split('.');
        expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: ['vault'] });
        expect(hooks.asked[1]?.review.request).toMatchObject({
            name: 'default',
            object: {
                metadata: { name: 'default', namespace: 'default' },
                spec: { audiences: ['vault'], expirationSeconds: 3600 },
            },
        });
    });

    it('is not shown to anybody when it is not well formed', async () => {
        await configure('validating', '/deny', { resources: ['*/*'] });
        await expect(token({ spec: { expirationSeconds: 5 } })).rejects.toThrow('less than 10 minutes');
        await expect(post(`${authentication}/tokenreviews`, { spec: { token: '' } })).rejects.toThrow(
            'token is required',
        );
        expect(hooks.asked).toEqual([]);
    });

    it('is held to the rules for kubelets', async () => {
        const kubelet = server.as('system:node:n1', ['system:nodes', 'system:masters']);
        await expect(token({ spec: {} }, kubelet)).rejects.toThrow('node requested token not bound to a pod');
    });

    it('is held to the audiences that a pod of the kubelet asks for, before the server’s own is filled in', async () => {
        const sources = [{ serviceAccountToken: { path: 'token' } }];
        const spec = {
            nodeName: 'n1',
            serviceAccountName: 'default',
            containers: [{ name: 'c', image: 'i' }],
            volumes: [{ name: 't', projected: { sources } }],
        };
        const { metadata } = (await post(`${home}/pods`, { metadata: { name: 'q' }, spec })) as V1Pod;
        const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'q', uid: metadata?.uid };
        const kubelet = server.as('system:node:n1', ['system:nodes', 'system:authenticated']);
        const answer = await token({ spec: { boundObjectRef } }, kubelet);
        expect(answer.spec?.audiences).toEqual(['https://kubernetes.default.svc']);
        await expect(token({ spec: { boundObjectRef, audiences: ['vault'] } }, kubelet)).rejects.toThrow(
            'audience "vault" not found in pod spec volume',
        );
    });

    it('is admitted once: an eviction is no deletion to webhooks', async () => {
        await configure('validating', '/deny', { resources: ['pods'], operations: ['*'] });
        await post(`${home}/pods/p/eviction`, { metadata: { name: 'p' } });
        expect(hooks.asked).toEqual([]);
        const gone = server.admin.request({ method: 'GET', path: `${home}/pods/p` });
        await expect(gone).rejects.toThrow('pods "p" not found');
    });
});

it('clients and queues inside of the process are counted', async () => {
    const text = await server.admin.request({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(
        /^rest_client_requests_total\{code="201",method="POST",host="\[::1\]:\d+"\} [1-9]\d*$/m,
    );
    expect(text).toMatch(/^workqueue_adds_total\{name="autoregister"\} \d+$/m);
    expect(text).toMatch(/^apiserver_cel_compilation_duration_seconds_count \d+$/m);
});
