import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, generatePrivateKey, issueCertificate } from '../../src/pki/authority.ts';
import { signLegacyToken } from '../../src/pki/legacy-service-account-token.ts';
import { loadSigningKey, signToken } from '../../src/pki/service-account-token.ts';
import {
    advertisedAddress,
    AuthServer,
    type Credentials,
    type OtherServer,
    startOtherServer,
    validity,
    writeKubeconfig,
} from './support/auth-server.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const extraPrefix = 'authentication.kubernetes.io/';
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('who is believed', () => {
    const oidcKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const newOidcKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
    let server: AuthServer;
    let oidc: OtherServer;
    let webhook: OtherServer;
    let jwks: object[];
    let accountUid = '';
    const reviewed: unknown[] = [];

    beforeAll(async () => {
        jwks = [{ ...oidcKey.publicKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }];
        oidc = await startOtherServer((request) => {
            if (request === 'GET /.well-known/openid-configuration') {
                return { issuer: oidc.url, jwks_uri: `${oidc.url}/keys` };
            }
            return request === 'GET /keys' ? { keys: jwks } : undefined;
        });
        webhook = await startOtherServer((_request, body) => {
            const { spec } = body as { spec: { token: string } };
            reviewed.push(body);
            const known = spec.token === 'from-elsewhere';
            const status = known
                ? { authenticated: true, user: { username: 'hook', groups: ['hooked'] } }
                : { authenticated: false };
            return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status };
        });
        server = await AuthServer.start(async (directory) => {
            await writeFile(join(directory, 'tokens'), 'sesame,jane,42,"dev,ops"\n');
            await writeFile(join(directory, 'oidc-ca'), oidc.ca);
            return {
                'token-auth-file': join(directory, 'tokens'),
                'enable-bootstrap-token-auth': true,
                'service-account-issuer': `${issuer},https://older.example`,
                'oidc-issuer-url': oidc.url,
                'oidc-client-id': 'cluster',
                'oidc-ca-file': join(directory, 'oidc-ca'),
                'oidc-username-prefix': 'oidc:',
                'oidc-groups-claim': 'roles',
                'oidc-groups-prefix': 'oidc:',
                'oidc-required-claim': { tenant: 'pi' },
                'authentication-token-webhook-config-file': await writeKubeconfig(
                    join(directory, 'webhook'),
                    webhook,
                ),
                'authentication-token-webhook-version': 'v1',
            };
        });
        for (const name of ['default', 'web']) {
            const made = await server.make('POST /api/v1/namespaces/default/serviceaccounts', {
                metadata: { name },
            });
            if (name === 'web') accountUid = made.metadata?.uid ?? '';
        }
    });
    afterAll(async () => {
        await server.stop();
        await oidc.stop();
        await webhook.stop();
    });

    const token = async (account: string, spec: object = {}): Promise<string> => {
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
        const made = await server.make(
            `POST /api/v1/namespaces/default/serviceaccounts/${account}/token`,
            body,
        );
        return made.status?.token ?? '';
    };
    /** A token of the account "web", signed by the server's own key unless another is given. */
    const signed = (more: { issuer?: string; audiences?: string[]; nowMs?: number; key?: string } = {}) =>
        signToken(loadSigningKey(more.key ?? server.running.pki.serviceAccount.privateKey), {
            issuer: more.issuer ?? issuer,
            audiences: more.audiences ?? [issuer],
            nowMs: more.nowMs ?? Date.now(),
            lifetimeSeconds: 600,
            kubernetes: { namespace: 'default', serviceaccount: { name: 'web', uid: accountUid } },
        }).token;
    const pod = async (name: string): Promise<string> => {
        const made = await server.make('POST /api/v1/namespaces/default/pods', {
            metadata: { name },
            spec: { serviceAccountName: 'web', containers: [{ name: 'c', image: 'busybox' }] },
        });
        return made.metadata?.uid ?? '';
    };

    it('a client certificate of its authority, with user and groups', async () => {
        expect(await server.whoAmI(await server.user('jane', 'dev', 'ops'))).toMatchObject({
            username: 'jane',
            groups: ['dev', 'ops', 'system:authenticated'],
        });
    });

    it('no certificate of another authority, none that has expired, none for servers', async () => {
        const other = await createAuthority('kubernetes', validity());
        const { ca } = server.running.pki;
        const request = { commonName: 'jane', organizations: ['system:masters'], validity: validity() };
        const past = { notBefore: new Date(Date.now() - 7200e3), notAfter: new Date(Date.now() - 3600e3) };
        const certificates = [
            await issueCertificate(other, { ...request, usages: ['client'] }),
            await issueCertificate(ca, { ...request, usages: ['client'], validity: past }),
            await issueCertificate(ca, { ...request, usages: ['server'] }),
        ];
        for (const certificate of certificates) {
            const answer = await server.call({ certificate }, 'GET /version');
            expect(answer).toMatchObject({ status: 401, body: { reason: 'Unauthorized', code: 401 } });
        }
    });

    it('nobody as anonymous but for health and version, and never with a wrong token', async () => {
        expect(await server.call({}, 'GET /version')).toMatchObject({ status: 200 });
        expect(await server.call({}, 'GET /api/v1/pods')).toMatchObject({ status: 401 });
        expect(await server.call({ token: 'wrong' }, 'GET /version')).toMatchObject({ status: 401 });
    });

    it('a static token', async () => {
        expect(await server.whoAmI({ token: 'sesame' })).toEqual({
            username: 'jane',
            uid: '42',
            groups: ['dev', 'ops', 'system:authenticated'],
        });
    });

    it('a token in the protocol header of a WebSocket', async () => {
        const protocols = (secret: string): Record<string, string> => ({
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${Buffer.from(secret).toString('base64url')}, v5.channel.k8s.io`,
        });
        const path = 'GET /api/v1/namespaces/default/pods/none/exec?command=ls';
        expect(await server.call({ headers: protocols('sesame') }, path)).toMatchObject({ status: 403 });
        expect(await server.call({ headers: protocols('wrong') }, path)).toMatchObject({ status: 401 });
    });

    it('a service account by a token it was given, with pod and credential in extra', async () => {
        const uid = await pod('web-0');
        const bound = await token('web', {
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid },
        });
        expect(await server.whoAmI({ token: bound })).toEqual({
            username: 'system:serviceaccount:default:web',
            uid: accountUid,
            groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
            extra: {
                [`${extraPrefix}credential-id`]: [expect.stringMatching(/^JTI=/)],
                [`${extraPrefix}pod-name`]: ['web-0'],
                [`${extraPrefix}pod-uid`]: [uid],
            },
        });
        await server.make('DELETE /api/v1/namespaces/default/pods/web-0?gracePeriodSeconds=0');
        expect(await server.whoAmI({ token: bound })).toBeUndefined();
    });

    it('tokens of every issuer that is named, of no other', async () => {
        expect(await server.whoAmI({ token: signed({ issuer: 'https://older.example' }) })).toBeDefined();
        expect(await server.whoAmI({ token: signed({ issuer: 'https://evil.example' }) })).toBeUndefined();
    });

    it.each([
        ['has expired', () => signed({ nowMs: Date.now() - 7_200_000 })],
        ['is for another audience', () => signed({ audiences: ['vault'] })],
        ['another key signed', () => signed({ key: generatePrivateKey() })],
        ['was changed', () => signed().replace(/\.[^.]+\./, (body) => `${body.slice(0, -2)}A.`)],
        [
            'is not signed at all',
            () => `${encode({ alg: 'none' })}.${signed().split('.')[1] ?? ''}.${base64('x')}`,
        ],
        ['has no signature', () => `${signed().split('.').slice(0, 2).join('.')}.`],
        [
            'claims to be signed with the public key as a secret',
            () => `${encode({ alg: 'HS256' })}.${signed().split('.')[1] ?? ''}.${base64('x')}`,
        ],
    ])('no token that %s', async (_case, make) => {
        expect(await server.whoAmI({ token: make() })).toBeUndefined();
    });

    it('no token of an account that was deleted, or deleted and created again', async () => {
        await server.make('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'gone' } });
        const given = await token('gone');
        expect(await server.whoAmI({ token: given })).toBeDefined();
        await server.make('DELETE /api/v1/namespaces/default/serviceaccounts/gone');
        expect(await server.whoAmI({ token: given })).toBeUndefined();
        await server.make('POST /api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'gone' } });
        expect(await server.whoAmI({ token: given })).toBeUndefined();
    });

    it('a token of a Secret as long as the Secret holds it', async () => {
        const claims = { namespace: 'default', accountName: 'web', accountUid, secretName: 'web-token' };
        const legacy = signLegacyToken(loadSigningKey(server.running.pki.serviceAccount.privateKey), claims);
        expect(await server.whoAmI({ token: legacy })).toBeUndefined();
        await server.make('POST /api/v1/namespaces/default/secrets', {
            metadata: { name: 'web-token', annotations: { 'kubernetes.io/service-account.name': 'web' } },
            type: 'kubernetes.io/service-account-token',
            data: { token: base64(legacy) },
        });
        expect(await server.whoAmI({ token: legacy })).toMatchObject({
            username: 'system:serviceaccount:default:web',
            uid: accountUid,
        });
        const today = new Date().toISOString().slice(0, 10);
        const secret = 'GET /api/v1/namespaces/default/secrets/web-token';
        let labels: Record<string, string> | undefined;
        for (let tries = 0; tries < 50 && labels === undefined; tries += 1) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            labels = (await server.make(secret)).metadata?.labels;
        }
        expect(labels).toEqual({ 'kubernetes.io/legacy-token-last-used': today });
        await server.make('DELETE /api/v1/namespaces/default/secrets/web-token');
        expect(await server.whoAmI({ token: legacy })).toBeUndefined();
    });

    it('a bootstrap token until it expires or its Secret is gone', async () => {
        const data = (more: object = {}) => ({
            'token-id': base64('abcdef'),
            'token-secret': base64('0123456789abcdef'),
            'usage-bootstrap-authentication': base64('true'),
            'auth-extra-groups': base64('system:bootstrappers:worker'),
            expiration: base64(new Date(Date.now() + 60_000).toISOString()),
            ...more,
        });
        const body = (more?: object) => ({
            metadata: { name: 'bootstrap-token-abcdef' },
            type: 'bootstrap.kubernetes.io/token',
            data: data(more),
        });
        const as: Credentials = { token: 'abcdef.0123456789abcdef' };
        expect(await server.whoAmI(as)).toBeUndefined();
        const path = '/api/v1/namespaces/kube-system/secrets';
        await server.make(`POST ${path}`, body());
        expect(await server.whoAmI(as)).toEqual({
            username: 'system:bootstrap:abcdef',
            groups: ['system:bootstrappers', 'system:bootstrappers:worker', 'system:authenticated'],
        });
        expect(await server.whoAmI({ token: 'abcdef.0123456789abcdee' })).toBeUndefined();
        for (const change of [
            { expiration: base64(new Date(Date.now() - 1000).toISOString()) },
            { 'usage-bootstrap-authentication': base64('false') },
            { 'auth-extra-groups': base64('system:masters') },
        ]) {
            await server.make(`PUT ${path}/bootstrap-token-abcdef`, body(change));
            expect(await server.whoAmI(as)).toBeUndefined();
        }
    });

    describe('by OpenID Connect', () => {
        const idToken = (claims: object = {}, key = oidcKey, header: object = {}): string => {
            const head = encode({ alg: 'RS256', kid: 'first', ...header });
            const body = encode({
                iss: oidc.url,
                aud: 'cluster',
                sub: 'joe',
                roles: ['admins'],
                tenant: 'pi',
                exp: Math.floor(Date.now() / 1000) + 60,
                jti: randomUUID(),
                ...claims,
            });
            const bytes = sign('sha256', Buffer.from(`${head}.${body}`), key.privateKey);
            return `${head}.${body}.${bytes.toString('base64url')}`;
        };

        it('an ID token of the issuer', async () => {
            expect(await server.whoAmI({ token: idToken() })).toMatchObject({
                username: 'oidc:joe',
                groups: ['oidc:admins', 'system:authenticated'],
            });
        });

        it.each([
            ['for another client', () => idToken({ aud: 'other' })],
            ['that has expired', () => idToken({ exp: 1 })],
            ['without expiry', () => idToken({ exp: undefined })],
            ['without a claim that is required', () => idToken({ tenant: 'other' })],
            ['without the claim of the user', () => idToken({ sub: undefined })],
            ['signed by another key', () => idToken({}, newOidcKey)],
            ['by an algorithm that is not allowed', () => idToken({}, oidcKey, { alg: 'RS512' })],
            ['by no algorithm', () => idToken({}, oidcKey, { alg: 'none' })],
        ])('no ID token %s', async (_case, make) => {
            expect(await server.whoAmI({ token: make() })).toBeUndefined();
        });
    });

    it('whom a webhook knows; it is asked once for a good token', async () => {
        reviewed.length = 0;
        for (let round = 0; round < 2; round += 1) {
            expect(await server.whoAmI({ token: 'from-elsewhere' })).toEqual({
                username: 'hook',
                groups: ['hooked', 'system:authenticated'],
            });
        }
        expect(reviewed).toEqual([
            {
                apiVersion: 'authentication.k8s.io/v1',
                kind: 'TokenReview',
                spec: { token: 'from-elsewhere', audiences: [issuer, 'https://older.example'] },
            },
        ]);
    });

    it('what a front proxy says, and nobody else', async () => {
        const headers = { 'x-remote-user': 'jane', 'x-remote-group': ['a', 'b'] };
        const certificate = server.running.pki.frontProxyClient;
        expect(await server.whoAmI({ certificate, headers })).toMatchObject({
            username: 'jane',
            groups: ['a', 'b', 'system:authenticated'],
        });
        expect(await server.whoAmI({ headers })).toBeUndefined();
        expect(await server.whoAmI({ ...(await server.user('joe')), headers })).toMatchObject({
            username: 'joe',
        });
    });

    it('says to service accounts, not to users, how their tokens are verified', async () => {
        const as = { token: await token('web') };
        const discovery = 'GET /.well-known/openid-configuration';
        expect(await server.call(await server.user('jane'), discovery)).toMatchObject({ status: 403 });
        expect(await server.call(as, discovery)).toMatchObject({
            status: 200,
            body: {
                issuer,
                jwks_uri: `https://${advertisedAddress}:${server.running.server.address.port}/openid/v1/jwks`,
                response_types_supported: ['id_token'],
                subject_types_supported: ['public'],
                id_token_signing_alg_values_supported: [expect.stringMatching(/^(ES|RS)256$/)],
            },
        });
        const keys = await server.call(as, 'GET /openid/v1/jwks');
        expect(keys.headers['content-type']).toBe('application/jwk-set+json');
        const [header = ''] = as.token.split('.');
        const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
        expect(keys.body).toEqual({ keys: [expect.objectContaining({ kid, use: 'sig' })] });
        expect(JSON.stringify(keys.body)).not.toContain('"d"');
    });

    it('tells others in a TokenReview whose a token is', async () => {
        const review = async (secret: string, audiences?: string[]) =>
            (
                await server.make('POST /apis/authentication.k8s.io/v1/tokenreviews', {
                    spec: { token: secret, audiences },
                })
            ).status;
        const vault = await token('web', { audiences: ['vault'] });
        expect(await review(vault, ['vault'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
        expect((await review(vault))?.authenticated).toBeUndefined();
        expect((await review('wrong'))?.authenticated).toBeUndefined();
        expect(await review('sesame')).toMatchObject({ authenticated: true, user: { username: 'jane' } });
    });
});
