import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import { loadAuthorizationConfiguration } from './validate.ts';
import { MatchConditions } from './match-conditions.ts';

const compiler = createCelCompiler();
const loadCompiler = () => Promise.resolve(compiler);
const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' };
const file = fileURLToPath(import.meta.url);
const webhook = {
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: file },
};
const load = async (authorizers: object[], requiredTypes: string[] = []) =>
    await loadAuthorizationConfiguration(JSON.stringify({ ...head, authorizers }), {
        loadCompiler,
        requiredTypes,
    });
const withWebhook = async (more: object) =>
    await load([{ type: 'Webhook', name: 'w', webhook: { ...webhook, ...more } }]);

describe('an AuthorizationConfiguration', () => {
    it('has webhooks with defaults among the built-in authorizers', async () => {
        const configuration = await load([
            { type: 'Node', name: 'node' },
            { type: 'Webhook', name: 'one', webhook },
            { type: 'RBAC', name: 'rbac' },
            {
                type: 'Webhook',
                name: 'two',
                webhook: {
                    ...webhook,
                    authorizedTTL: '1m30s',
                    unauthorizedTTL: '500ms',
                    cacheAuthorizedRequests: false,
                    matchConditionSubjectAccessReviewVersion: 'v1',
                    matchConditions: [{ expression: "request.user == 'a'" }],
                },
            },
        ]);
        expect(configuration.authorizers.map(({ name }) => name)).toEqual(['node', 'one', 'rbac', 'two']);
        expect(configuration.authorizers[1]?.webhook).toMatchObject({
            timeoutMs: 3000,
            authorizedTtlMs: 300_000,
            unauthorizedTtlMs: 30_000,
            cacheAuthorizedRequests: true,
        });
        expect(configuration.authorizers[3]?.webhook).toMatchObject({
            authorizedTtlMs: 90_000,
            unauthorizedTtlMs: 500,
            cacheAuthorizedRequests: false,
        });
    });

    it.each<[object[], string]>([
        [[], 'authorizers: Required value: at least one authorization mode must be defined'],
        [[{ name: 'x' }], 'authorizers[0].type: Required value'],
        [
            [{ type: 'X', name: 'x' }],
            'authorizers[0].type: Unsupported value: "X": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
        ],
        [
            [
                { type: 'RBAC', name: 'rbac' },
                { type: 'RBAC', name: 'b' },
            ],
            'authorizers[1].type: Duplicate value: "RBAC"',
        ],
        [[{ type: 'RBAC' }], 'authorizers[0].name: Required value'],
        [[{ type: 'RBAC', name: 'Rbac' }], 'authorizers[0].name: Invalid value: "Rbac": authorizer name is'],
        [[{ type: 'RBAC', name: 'b' }], 'expected name rbac for authorizer RBAC instead of b'],
        [
            [{ type: 'Webhook', name: 'w' }],
            'authorizers[0].webhook: Required value: required when type=Webhook',
        ],
        [
            [{ type: 'RBAC', name: 'rbac', webhook }],
            'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
        ],
        [[{ type: 'RBAC', name: 'rbac', foo: 1 }], 'unknown field "authorizers[0].foo"'],
        [[{ type: 'AlwaysAllow', name: 'alwaysallow' }], 'missing required types: [RBAC]'],
    ])('is none with authorizers %j', async (authorizers, message) => {
        await expect(load(authorizers, ['RBAC'])).rejects.toThrow(message);
    });

    it.each<[object, string]>([
        [{ timeout: undefined }, 'authorizers[0].timeout: Required value'],
        [{ timeout: '31s' }, 'timeout: Invalid value: "31s": must be > 0s and <= 30s'],
        [{ timeout: '-1s' }, 'timeout: Invalid value: "-1s": must be > 0s and <= 30s'],
        [{ timeout: 'soon' }, 'time: invalid duration "soon"'],
        [{ authorizedTTL: '-1s' }, 'authorizedTTL: Invalid value: "-1s": must be > 0s'],
        [{ unauthorizedTTL: '-1m' }, 'unauthorizedTTL: Invalid value: "-1m0s": must be > 0s'],
        [{ subjectAccessReviewVersion: undefined }, 'subjectAccessReviewVersion: Required value'],
        [{ subjectAccessReviewVersion: 'v2' }, 'Unsupported value: "v2": supported values: "v1", "v1beta1"'],
        [
            { matchConditionSubjectAccessReviewVersion: 'v1beta1' },
            'matchConditionSubjectAccessReviewVersion: Unsupported value: "v1beta1": supported values: "v1"',
        ],
        [
            { matchConditions: [{ expression: 'true' }] },
            'matchConditionSubjectAccessReviewVersion: Required value: required if match conditions',
        ],
        [{ failurePolicy: undefined }, 'failurePolicy: Required value'],
        [{ failurePolicy: 'Allow' }, 'supported values: "NoOpinion", "Deny"'],
        [{ connectionInfo: undefined }, 'connectionInfo.type: Required value'],
        [{ connectionInfo: { type: 'InClusterConfig' } }, 'InClusterConfig is not allowed'],
        [{ connectionInfo: { type: 'KubeConfigFile' } }, 'connectionInfo.kubeConfigFile: Required value'],
        [{ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'a' } }, 'must be an absolute path'],
        [
            { connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/none/here' } },
            'error loading file: stat /none/here: no such file or directory',
        ],
        [{ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/tmp' } }, 'must be a regular file'],
    ])('is none with a webhook with %j', async (more, message) => {
        await expect(withWebhook(more)).rejects.toThrow(message);
    });

    it.each<[string[], string]>([
        [[' '], 'authorizers[0].matchConditions[0].expression: Required value'],
        [['true', 'true'], 'matchConditions[1].expression: Duplicate value: "true"'],
        [['request.user'], 'must evaluate to bool but got string'],
        [['request.nobody == ""'], 'compilation failed: ERROR'],
        [Array.from({ length: 65 }, (_, i) => `${i} == 0`), 'Too many: 65: must have at most 64 items'],
    ])('is none with match conditions %j', async (expressions, message) => {
        const matchConditions = expressions.map((expression) => ({ expression }));
        await expect(
            withWebhook({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions }),
        ).rejects.toThrow(message);
    });
});

describe('match conditions', () => {
    const hold = (expressions: string[], spec: object) =>
        new MatchConditions(expressions, compiler).hold(spec);

    it('see every text, and objects only where they are', () => {
        const pods = { user: 'a', resourceAttributes: { verb: 'list', resource: 'pods' } };
        expect(hold(["request.resourceAttributes.namespace == ''", "request.uid == ''"], pods)).toBe(true);
        expect(hold(['has(request.nonResourceAttributes)'], pods)).toBe(false);
        expect(hold(["!('system:nodes' in request.groups)"], pods)).toBe(true);
        const fieldSelector = { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] };
        const selected = { resourceAttributes: { ...pods.resourceAttributes, fieldSelector } };
        const one = "request.resourceAttributes.fieldSelector.requirements.exists(r, r.key == 'a')";
        expect(hold([one], selected)).toBe(true);
        expect(hold(['has(request.resourceAttributes.labelSelector)'], selected)).toBe(false);
    });

    it('fail where one cannot be evaluated, unless another says no', () => {
        const faulty = "request.extra['x'][0] == 'y'";
        expect(() => hold([faulty], { user: 'a' })).toThrow(
            "cel evaluation error: expression 'request.extra['x'][0] == 'y'' resulted in error: no such key: x",
        );
        expect(hold([faulty, "request.user == 'b'"], { user: 'a' })).toBe(false);
    });
});
