import { beforeAll, describe, expect, it } from '@jest/globals';
import {
    clusterRoleBindings,
    clusterRoles,
    nodes,
    pods,
    serviceAccounts,
} from '../../../client/resource-type.ts';
import { generatePrivateKey } from '../../../pki/authority.ts';
import { loadSigningKey, loadVerifyingKeys, verifyToken } from '../../../pki/service-account-token.ts';
import { silentLogger } from '../../../util/logger.ts';
import { admissionPluginNames, createAdmission } from '../admission/index.ts';
import { createAuthenticator, ServiceAccountTokens } from '../authn/authenticator.ts';
import { createAuthorizer } from '../authz/authorizer.ts';
import type { Identity } from '../identity.ts';
import { Admission } from '../registry/admit.ts';
import type { ApiRequest } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { admissionRequest } from '../testing/admission-request.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { reviewLocalSubjectAccess, reviewSelfAccess, reviewSubjectAccess } from './access-review.ts';
import { reviewHandlers } from './handlers.ts';
import { reviewSelfSubject } from './self-subject-review.ts';
import { reviewSelfRules } from './self-subject-rules-review.ts';
import { requestToken } from './token-request.ts';
import { reviewToken } from './token-review.ts';

const nowMs = Date.UTC(2026, 5, 1);
const clock = { nowMs: () => nowMs, monotonicMs: () => 0, setTimer: () => () => undefined };
const issuer = 'https://kubernetes.default.svc';
const pem = generatePrivateKey();
const keys = loadVerifyingKeys(pem);
const reader = new MemoryReader();
const jane: Identity = { username: 'jane', uid: '', groups: ['dev'], extra: {} };
const tokens = new ServiceAccountTokens({ keys, issuers: [issuer], audiences: [issuer], reader, clock });
const authenticator = createAuthenticator({
    log: silentLogger(),
    clock,
    tokenFile: 'sesame,jane,42,dev',
    serviceAccounts: tokens,
    audiences: [issuer],
});
const authorizer = createAuthorizer({ reader, modes: ['Node', 'RBAC'] });
const options = {
    reader,
    key: loadSigningKey(pem),
    issuer,
    apiAudiences: [issuer],
    clock,
    extendExpiration: true,
};
const subject = { namespace: 'default', name: 'web' };

beforeAll(() => {
    reader.set(serviceAccounts, { metadata: { namespace: 'default', name: 'web', uid: 'sa-1' } });
    reader.set(nodes, { metadata: { name: 'n1', uid: 'node-1' } });
    reader.set(pods, {
        metadata: { namespace: 'default', name: 'web-0', uid: 'pod-1' },
        ...{
            spec: {
                serviceAccountName: 'web',
                nodeName: 'n1',
                containers: [],
                volumes: [
                    { name: 'api', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
                ],
            },
        },
    });
    reader.set(clusterRoles, {
        metadata: { name: 'reader' },
        ...{
            rules: [
                { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
                { nonResourceURLs: ['/metrics'], verbs: ['get'] },
            ],
        },
    });
    reader.set(clusterRoleBindings, {
        metadata: { name: 'b' },
        ...{ roleRef: { kind: 'ClusterRole', name: 'reader' }, subjects: [{ kind: 'Group', name: 'dev' }] },
    });
});

describe('TokenRequest', () => {
    const bound = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'pod-1' };

    it('issues a token for an hour and the API server by default', async () => {
        const answer = await requestToken(subject, {}, options);
        const claims = verifyToken(answer.status?.token ?? '', { keys, issuers: [issuer] });
        expect(claims).toMatchObject({ aud: [issuer], exp: nowMs / 1000 + 3600 });
        expect(answer.status?.expirationTimestamp).toBe('2026-06-01T01:00:00Z');
        expect(answer.spec).toEqual({ audiences: [issuer], expirationSeconds: 3600 });
    });

    it('binds to a pod, names its node, and extends the token that pods get by themselves', async () => {
        const body = { spec: { expirationSeconds: 3607, boundObjectRef: bound } };
        const answer = await requestToken(subject, body, options);
        const claims = verifyToken(answer.status?.token ?? '', { keys, issuers: [issuer] });
        expect(claims).toMatchObject({
            exp: nowMs / 1000 + 31_536_000,
            'kubernetes.io': {
                pod: { name: 'web-0', uid: 'pod-1' },
                node: { name: 'n1', uid: 'node-1' },
                warnafter: nowMs / 1000 + 3607,
            },
        });
        expect(answer.status?.expirationTimestamp).toBe('2026-06-01T01:00:07Z');
    });

    it('says in the audit log which token it issued', async () => {
        const said: string[] = [];
        const report = {
            annotate: (key: string, value: string) => said.push(`${key}: ${value}`),
            warn: () => undefined,
        };
        const answer = await requestToken(subject, {}, { ...options, report });
        const { jti } = verifyToken(answer.status?.token ?? '', { keys, issuers: [issuer] }) ?? {};
        expect(jti).toBeTruthy();
        expect(said).toEqual([`authentication.kubernetes.io/issued-credential-id: JTI=${jti ?? ''}`]);
    });

    it.each([true, false])('holds kubelets to their pods where NodeRestriction is on: %s', async (isOn) => {
        const handler = reviewHandlers({
            ...{ authenticator, authorizer, reader, clock, issuer },
            signingKey: options.key,
            audiences: [issuer],
        }).find(({ subresource }) => subresource === 'token');
        const info = {
            kind: 'resource',
            ...{ namespace: 'default', name: 'web', subresource: 'token' },
        } as ResourceRequestInfo;
        const admission = createAdmission({
            ...{ reader, authorizer, client: () => new MemoryClient(reader), enable: [] },
            disable: admissionPluginNames.filter((name) => name !== 'NodeRestriction' || !isOn),
        });
        const requestOf = (spec: object): ApiRequest =>
            ({
                info,
                query: new URLSearchParams(),
                identity: { username: 'system:node:n1', uid: '', groups: ['system:nodes'], extra: {} },
                warnings: [],
                auditAnnotations: new Map<string, string>(),
                body: () =>
                    Promise.resolve({
                        type: 'value',
                        value: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
                        contentType: 'application/json',
                    }),
            }) as unknown as ApiRequest;
        const { definition } = admissionRequest('serviceaccounts/token', {});
        const answer = async (spec: object) => {
            const request = requestOf(spec);
            return await handler?.handle(request, info, (input) => {
                const more = { ...input, operation: 'CREATE', oldObject: undefined } as const;
                return new Admission(
                    { admission, metrics: undefined },
                    { definition, ...subject, subresource: 'token' },
                    request,
                    more,
                );
            });
        };
        const issued = { status: 201, value: { kind: 'TokenRequest', spec: { audiences: [issuer] } } };
        expect(await answer({ boundObjectRef: bound })).toMatchObject(issued);
        if (isOn) {
            await expect(answer({})).rejects.toThrow('node requested token not bound to a pod');
            await expect(answer({ boundObjectRef: bound, audiences: ['vault'] })).rejects.toThrow(
                'audience "vault" not found in pod spec volume',
            );
        } else expect(await answer({})).toMatchObject(issued);
    });

    it.each([
        [{ expirationSeconds: 599 }, 'may not specify a duration less than 10 minutes'],
        [{ boundObjectRef: { ...bound, name: 'gone' } }, 'pods "gone" not found'],
        [{ boundObjectRef: { ...bound, uid: 'old' } }, 'does not match the UID in record'],
        [
            { boundObjectRef: { ...bound, kind: 'Service' } },
            'cannot bind token to object of type /v1, Kind=Service',
        ],
    ])('refuses %j', async (spec, message) => {
        await expect(requestToken(subject, { spec }, options)).rejects.toThrow(message);
    });

    it('refuses accounts that do not exist, and pods of another account', async () => {
        await expect(requestToken({ ...subject, name: 'x' }, {}, options)).rejects.toThrow(
            'serviceaccounts "x" not found',
        );
        reader.set(serviceAccounts, { metadata: { namespace: 'default', name: 'other', uid: 'sa-2' } });
        await expect(
            requestToken({ ...subject, name: 'other' }, { spec: { boundObjectRef: bound } }, options),
        ).rejects.toThrow('pod running with different serviceaccount name');
    });
});

describe('TokenReview', () => {
    const review = async (token: string, audiences?: string[]) =>
        (
            await reviewToken(
                { spec: { token, ...(audiences === undefined ? {} : { audiences }) } },
                { authenticator, apiAudiences: [issuer] },
            )
        ).status;

    it('knows service accounts for the audience that is asked for, and static tokens', async () => {
        const issued = await requestToken(subject, { spec: { audiences: ['vault'] } }, options);
        const vault = issued.status?.token ?? '';
        expect(await review(vault, ['vault', 'x'])).toMatchObject({
            authenticated: true,
            audiences: ['vault'],
            user: { username: 'system:serviceaccount:default:web', uid: 'sa-1' },
        });
        expect(await review(vault)).toMatchObject({ user: {}, error: expect.stringContaining('audiences') });
        expect(await review('sesame')).toMatchObject({
            authenticated: true,
            user: { username: 'jane', groups: ['dev', 'system:authenticated'] },
        });
    });

    it('answers a wrong token with an error, not with a failure', async () => {
        expect(await review('nonsense')).toEqual({ user: {}, error: 'invalid bearer token' });
        await expect(review('')).rejects.toThrow('token is required');
    });
});

describe('access reviews', () => {
    const about = (verb: string, namespace = 'default') => ({
        resourceAttributes: { verb, resource: 'pods', namespace },
    });

    it('say what oneself and others may do', async () => {
        expect((await reviewSelfAccess(jane, { spec: about('list') }, { authorizer })).status).toEqual({
            allowed: true,
            reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to Group "dev"',
        });
        expect((await reviewSelfAccess(jane, { spec: about('delete') }, { authorizer })).status).toEqual({
            allowed: false,
        });
        const other = { spec: { ...about('get'), user: 'joe', groups: ['dev'] } };
        expect((await reviewSubjectAccess(other, { authorizer })).status?.allowed).toBe(true);
        const local = await reviewLocalSubjectAccess('default', other, { authorizer });
        expect(local.status?.allowed).toBe(true);
    });

    it.each([
        [{}, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'],
        [about('get'), 'at least one of user or group must be specified'],
        [
            { ...about('get'), user: 'x', nonResourceAttributes: { path: '/', verb: 'get' } },
            'cannot be specified in combination with resourceAttributes',
        ],
    ])('refuse %j', async (spec, message) => {
        await expect(reviewSubjectAccess({ spec }, { authorizer })).rejects.toThrow(message);
    });

    it('hold local reviews to their namespace', async () => {
        const body = { spec: { ...about('get', 'other'), user: 'x' } };
        await expect(reviewLocalSubjectAccess('default', body, { authorizer })).rejects.toThrow(
            'must match metadata.namespace: default',
        );
    });

    it.each([{ name: 'x' }, { namespace: 'default' }, { labels: { a: 'b' } }])(
        'have no metadata of their own: %j',
        async (metadata) => {
            const body = { metadata, spec: { ...about('get'), user: 'x' } };
            const invalid = (kind: string, message: string) =>
                `${kind}.authorization.k8s.io "" is invalid: metadata: Invalid value: ${JSON.stringify(metadata)}: ${message}`;
            await expect(reviewSelfAccess(jane, body, { authorizer })).rejects.toThrow(
                invalid('SelfSubjectAccessReview', 'must be empty'),
            );
            await expect(reviewSubjectAccess(body, { authorizer })).rejects.toThrow(
                invalid('SubjectAccessReview', 'must be empty'),
            );
            const local = reviewLocalSubjectAccess('default', body, { authorizer });
            if ('namespace' in metadata) expect((await local).status?.allowed).toBe(false);
            else {
                const message = 'must be empty except for namespace';
                await expect(local).rejects.toThrow(invalid('LocalSubjectAccessReview', message));
            }
        },
    );

    it('list rules, and tell who one is', async () => {
        const question = { spec: { namespace: 'default' } };
        const { status } = await reviewSelfRules(jane, question, { authorizer });
        expect(status).toEqual({
            incomplete: false,
            resourceRules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
            nonResourceRules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
        });
        expect(reviewSelfSubject(jane, {}, 'now').status).toEqual({
            userInfo: { username: 'jane', groups: ['dev'] },
        });
    });
});
