import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../src/api/cel/compiler.ts';
import { namespaces } from '../../src/client/resource-type.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { createAdmission } from '../../src/components/apiserver/admission/index.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import { WebhookServer } from './support/webhook-server.ts';

let api: ApiServerFixture;
let hooks: WebhookServer;
const group = '/apis/admissionregistration.k8s.io/v1';
const maps = '/api/v1/namespaces/shop/configmaps';
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

beforeAll(async () => {
    hooks = await WebhookServer.start({ '/deny': () => ({ allowed: false, status: { message: 'no' } }) });
    const plugins: AdmissionPlugin[] = [];
    api = await ApiServerFixture.start({ admission: plugins });
    const compiler = createCelCompiler();
    plugins.push(
        ...createAdmission({
            reader: api.caches,
            client: () => api.client,
            enable: [],
            disable: ['ServiceAccount'],
            definitions: () => api.caches.definitions(),
            expressions: () => Promise.resolve(compiler),
        }),
    );
    await api.client.resource(namespaces).create({ metadata: { name: 'shop' } });
});

afterAll(async () => {
    await api.stop();
    await hooks.stop();
});

describe('match conditions of webhooks', () => {
    const configuration = (expression: string) => ({
        metadata: { name: 'conditions' },
        webhooks: [
            {
                name: 'hook.example.com',
                clientConfig: { url: hooks.url('/deny'), caBundle: hooks.caBundle },
                rules: [rule],
                sideEffects: 'None',
                admissionReviewVersions: ['v1'],
                matchConditions: [{ name: 'skip', expression }],
            },
        ],
    });

    it('must compile', async () => {
        const body = configuration("object.metadata.name ==== 'x'");
        const made = await api.call('POST', `${group}/validatingwebhookconfigurations`, { body });
        expect({ status: made.status, text: made.text }).toMatchObject({
            status: 422,
            text: expect.stringContaining('webhooks[0].matchConditions[0].expression'),
        });
        expect(made.text).toContain('compilation failed');
    });

    it('decide whether the webhook is called', async () => {
        const body = configuration("!object.metadata.name.startsWith('skip')");
        const made = await api.call('POST', `${group}/validatingwebhookconfigurations`, { body });
        expect(made.status).toBe(201);
        const create = async (name: string) =>
            (await api.call('POST', maps, { body: { metadata: { name } } })).status;
        expect([await create('skip-me'), await create('take-me')]).toEqual([201, 400]);
        await api.call('DELETE', `${group}/validatingwebhookconfigurations/conditions`);
    });
});

describe('policies', () => {
    it('are refused when they do not compile, and hold once they are bound', async () => {
        const policy = (expression: string) => ({
            metadata: { name: 'p' },
            spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] },
        });
        const path = `${group}/validatingadmissionpolicies`;
        expect((await api.call('POST', path, { body: policy('object.x +') })).status).toBe(422);
        const good = policy("has(object.data) && 'owner' in object.data");
        expect((await api.call('POST', path, { body: good })).status).toBe(201);
        const unbound = await api.kubectl('-n', 'shop', 'create', 'configmap', 'unbound');
        expect(unbound.code).toBe(0);
        const spec = { policyName: 'p', validationActions: ['Deny'] };
        const binding = { metadata: { name: 'b' }, spec };
        expect(
            (await api.call('POST', path.replace('policies', 'policybindings'), { body: binding })).status,
        ).toBe(201);
        const denied = await api.kubectl('-n', 'shop', 'create', 'configmap', 'denied');
        expect(denied.stderr).toContain(
            "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression:",
        );
        const allowed = await api.kubectl(
            '-n',
            'shop',
            'create',
            'configmap',
            'ok',
            '--from-literal=owner=me',
        );
        expect(allowed.code).toBe(0);
    });

    it('ask the authorizer', async () => {
        const spec = {
            matchConstraints: { resourceRules: [{ ...rule, resources: ['secrets'] }] },
            validations: [
                {
                    expression:
                        "authorizer.group('').resource('secrets').namespace('shop').check('create').allowed() && authorizer.requestResource.check('create').allowed()",
                },
            ],
        };
        const made = await api.call('POST', `${group}/validatingadmissionpolicies`, {
            body: { metadata: { name: 'authorized' }, spec },
        });
        expect({ status: made.status, text: made.text }).toMatchObject({ status: 201 });
    });

    it('that do not compile are refused in the words people know', async () => {
        const spec = {
            matchConstraints: { resourceRules: [rule] },
            variables: [{ name: 'a', expression: 'object.' }],
            validations: [
                { expression: 'object.metadata.name', messageExpression: '1' },
                { expression: 'nobody == 1' },
            ],
            auditAnnotations: [{ key: 'a', valueExpression: '1 == 1' }],
        };
        const made = await api.call('POST', `${group}/validatingadmissionpolicies`, {
            body: { metadata: { name: 'broken' }, spec },
        });
        const { details } = made.json<{ details: { causes: { field: string; message: string }[] } }>();
        expect(made.status).toBe(422);
        expect(details.causes.map(({ field, message }) => `${field}: ${message}`)).toEqual([
            expect.stringContaining(
                'spec.variables[0].expression: Invalid value: "object.": compilation failed: ERROR: <input>:1:8: Syntax error: ',
            ),
            'spec.validations[0].expression: Invalid value: "object.metadata.name": must evaluate to bool',
            'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string',
            "spec.validations[1].expression: Invalid value: \"nobody == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody == 1\n | ^",
            'spec.auditAnnotations[0].valueExpression: Invalid value: "1 == 1": must evaluate to one of [string null_type]',
        ]);
    });
});
