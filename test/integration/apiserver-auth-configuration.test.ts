import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type KeyPairKeyObjectResult, randomUUID, sign } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { KubeconfigWebhook } from '../../src/components/apiserver/webhook/kubeconfig-webhook.ts';
import { systemClock } from '../../src/util/clock.ts';
import {
    type Answer,
    AuthServer,
    type Credentials,
    type OtherServer,
    startOtherServer,
    writeKubeconfig,
} from './support/auth-server.ts';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** An OpenID Connect provider: discovery, keys, and an endpoint with claims that its tokens do not hold. */
class Issuer {
    readonly #keys: KeyPairKeyObjectResult = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    readonly #server: OtherServer;
    /** What was shown to the endpoint of claims. */
    readonly accessTokens: (string | undefined)[];

    private constructor(server: OtherServer, accessTokens: (string | undefined)[]) {
        this.#server = server;
        this.accessTokens = accessTokens;
    }

    /** @param discovery path of the discovery document */
    static async start(discovery = '/.well-known/openid-configuration'): Promise<Issuer> {
        const accessTokens: (string | undefined)[] = [];
        const server = await startOtherServer((request, _body, headers) => {
            if (request === `GET ${discovery}`) return { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
            if (request === 'GET /keys') return { keys: [issuer.publicKey] };
            if (request === 'GET /groups') {
                accessTokens.push(headers.authorization);
                return issuer.token({ groups: ['far', 'away'] });
            }
            return request === 'GET /huge' ? 'x'.repeat(300 * 1024) : undefined;
        });
        const issuer = new Issuer(server, accessTokens);
        return issuer;
    }

    get url(): string {
        return this.#server.url;
    }

    get ca(): string {
        return this.#server.ca;
    }

    get publicKey(): object {
        return { ...this.#keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' };
    }

    token(claims: object): string {
        const exp = Math.floor(Date.now() / 1000) + 60;
        const body = encode({ iss: this.url, aud: 'cluster', sub: 'joe', exp, jti: randomUUID(), ...claims });
        const head = encode({ alg: 'ES256', kid: 'one' });
        const { privateKey } = this.#keys;
        const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
        const signature = sign('sha256', Buffer.from(`${head}.${body}`), key);
        return `${head}.${body}.${signature.toString('base64url')}`;
    }

    async stop(): Promise<void> {
        await this.#server.stop();
    }
}

describe('authentication and authorization by configuration files', () => {
    let server: AuthServer;
    let first: Issuer;
    let second: Issuer;
    let third: Issuer;
    let hooks: OtherServer;
    let directory = '';
    const reviewed: { spec: { user?: string; token?: string; audiences?: string[] } }[] = [];
    const admitted: (string | undefined)[] = [];

    const issuerOf = ({ url, ca }: Issuer, more: object = {}): object => ({
        url,
        certificateAuthority: ca,
        audiences: ['cluster', 'other'],
        audienceMatchPolicy: 'MatchAny',
        ...more,
    });
    const authentication = (...more: object[]): string =>
        JSON.stringify({
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'AuthenticationConfiguration',
            anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
            jwt: [
                {
                    issuer: issuerOf(first, { discoveryURL: `${first.url}/elsewhere` }),
                    claimValidationRules: [
                        { claim: 'tenant', requiredValue: 'pi' },
                        {
                            expression: 'claims.exp - claims.?iat.orValue(claims.exp) <= 3600',
                            message: 'long',
                        },
                    ],
                    claimMappings: {
                        username: { expression: '"first:" + claims.sub' },
                        groups: { expression: 'claims.?roles.orValue([])' },
                        uid: { claim: 'sub' },
                        extra: [{ key: 'example.com/tenant', valueExpression: 'claims.tenant' }],
                    },
                    userValidationRules: [
                        {
                            expression: "!user.groups.exists(g, g.startsWith('system:'))",
                            message: 'reserved',
                        },
                    ],
                },
                {
                    issuer: issuerOf(second),
                    claimMappings: {
                        username: { claim: 'sub', prefix: '' },
                        groups: { claim: 'groups', prefix: 'second:' },
                    },
                },
                ...more,
            ],
        });
    const webhook = (path: string, more: object): object => ({
        timeout: '5s',
        subjectAccessReviewVersion: 'v1',
        matchConditionSubjectAccessReviewVersion: 'v1',
        failurePolicy: 'NoOpinion',
        connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: join(directory, path) },
        ...more,
    });
    const authorization = (condition: string): string =>
        JSON.stringify({
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'AuthorizationConfiguration',
            authorizers: [
                {
                    type: 'Webhook',
                    name: 'strict',
                    webhook: webhook('broken', {
                        failurePolicy: 'Deny',
                        matchConditions: [{ expression: "request.user == 'strict'" }],
                    }),
                },
                {
                    type: 'Webhook',
                    name: 'access',
                    webhook: webhook('access', { matchConditions: [{ expression: condition }] }),
                },
                { type: 'Node', name: 'node' },
                { type: 'RBAC', name: 'rbac' },
            ],
        });
    /** As editors and mounted volumes do: in one step. */
    const replace = async (file: string, text: string): Promise<void> => {
        await writeFile(join(directory, `${file}.new`), text);
        await rename(join(directory, `${file}.new`), join(directory, file));
    };
    const list = async (as: Credentials): Promise<Answer> => await server.call(as, 'GET /api/v1/namespaces');
    const metrics = async (): Promise<string> =>
        (await server.call(server.admin, 'GET /metrics')).body.message ?? '';
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
        for (let tries = 0; tries < 100; tries += 1) {
            if (await isSo()) return;
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error('it does not come to pass');
    };

    beforeAll(async () => {
        [first, second, third] = await Promise.all([
            Issuer.start('/elsewhere'),
            Issuer.start(),
            Issuer.start(),
        ]);
        hooks = await startOtherServer((request, body, { authorization: shown }) => {
            if (request === 'POST /tokens') {
                reviewed.push(body as (typeof reviewed)[0]);
                const status = {
                    authenticated: true,
                    user: { username: 'vaulted' },
                    audiences: ['vault', 'elsewhere'],
                };
                return { status };
            }
            if (request === 'POST /access') {
                reviewed.push(body as (typeof reviewed)[0]);
                return { status: { allowed: true } };
            }
            if (!request.startsWith('POST /admission')) return undefined;
            admitted.push(shown);
            const { request: asked } = body as { request: { uid: string } };
            return {
                apiVersion: 'admission.k8s.io/v1',
                kind: 'AdmissionReview',
                response: { uid: asked.uid, allowed: true },
            };
        });
        server = await AuthServer.start(async (where) => {
            directory = where;
            const file = (name: string): string => join(where, name);
            await writeKubeconfig(file('access'), hooks, '/access');
            await writeKubeconfig(file('broken'), hooks, '/broken');
            await writeFile(file('authentication'), authentication());
            await writeFile(file('authorization'), authorization("request.user == 'hooked'"));
            const target = new URL(hooks.url).host;
            await writeFile(
                file('users'),
                JSON.stringify({ users: [{ name: target, user: { token: 'open sesame' } }] }),
            );
            const plugin = {
                name: 'ValidatingAdmissionWebhook',
                configuration: {
                    apiVersion: 'apiserver.config.k8s.io/v1',
                    kind: 'WebhookAdmissionConfiguration',
                    kubeConfigFile: file('users'),
                },
            };
            await writeFile(
                file('admission'),
                JSON.stringify({
                    apiVersion: 'apiserver.config.k8s.io/v1',
                    kind: 'AdmissionConfiguration',
                    plugins: [plugin],
                }),
            );
            await writeFile(file('static'), 'sesame,jane,42\nstrictly,strict,1\nhookish,hooked,2\n');
            return {
                'authentication-config': file('authentication'),
                'authorization-config': file('authorization'),
                'admission-control-config-file': file('admission'),
                'token-auth-file': file('static'),
                'authentication-token-webhook-config-file': await writeKubeconfig(
                    file('tokens'),
                    hooks,
                    '/tokens',
                ),
                'authentication-token-webhook-version': 'v1',
            };
        });
    });
    afterAll(async () => {
        await server.stop();
        await Promise.all([first, second, third, hooks].map(async (each) => await each.stop()));
    });

    it('maps the claims of tokens by expressions', async () => {
        const token = first.token({ tenant: 'pi', roles: ['dev', ''], jti: 'x' });
        expect(await server.whoAmI({ token })).toEqual({
            username: 'first:joe',
            uid: 'joe',
            groups: ['dev', 'system:authenticated'],
            extra: {
                'example.com/tenant': ['pi'],
                'authentication.kubernetes.io/credential-id': ['JTI=x'],
            },
        });
        expect(
            await server.whoAmI({ token: first.token({ tenant: 'pi', aud: ['x', 'other'] }) }),
        ).toBeDefined();
    });

    it.each([
        ['of another tenant', { tenant: 'other' }],
        ['that lives too long', { tenant: 'pi', iat: 0 }],
        ['with groups of the system', { tenant: 'pi', roles: ['system:masters'] }],
        ['with roles that are no texts', { tenant: 'pi', roles: [1] }],
        ['for others', { tenant: 'pi', aud: 'somebody' }],
        ['of an issuer whose key it is not signed with', { tenant: 'pi', iss: 'https://other.example' }],
    ])('takes no token %s', async (_case, claims) => {
        // The token webhook knows everything, but for other audiences.
        expect(await server.whoAmI({ token: first.token(claims) })).toBeUndefined();
    });

    it('fetches groups that a token names a server for, with the token for it', async () => {
        const distributed = (endpoint: string): object => ({
            _claim_names: { groups: 'src1' },
            _claim_sources: { src1: { endpoint, access_token: 'f005ba11' } },
        });
        const token = second.token(distributed(`${second.url}/groups`));
        const ask = async () => await server.whoAmI({ token });
        for (const user of [...(await Promise.all([ask(), ask(), ask()])), await ask()]) {
            expect(user).toMatchObject({
                username: 'joe',
                groups: ['second:far', 'second:away', 'system:authenticated'],
            });
        }
        // Asked once: whoever comes meanwhile waits, and the answer is remembered.
        expect(second.accessTokens).toEqual(['Bearer f005ba11']);
        const local = second.token({ ...distributed(`${second.url}/none`), groups: 'near' });
        expect((await server.whoAmI({ token: local }))?.groups).toEqual([
            'second:near',
            'system:authenticated',
        ]);
        for (const path of ['/none', '/huge']) {
            const bad = second.token(distributed(`${second.url}${path}`));
            expect(await server.whoAmI({ token: bad })).toBeUndefined();
        }
        expect(
            await server.whoAmI({ token: second.token({ _claim_names: { groups: 'src1' } }) }),
        ).toBeUndefined();
    });

    it('lets requests be anonymous where the file says so, and nowhere else', async () => {
        expect(await server.call({}, 'GET /livez')).toMatchObject({ status: 200 });
        expect(await server.call({}, 'GET /readyz')).toMatchObject({ status: 401 });
        expect(await server.call({}, 'GET /livez/ping')).toMatchObject({ status: 401 });
    });

    it('reviews tokens for audiences that are not its own', async () => {
        const review = async (token: string, audiences?: string[]) =>
            (
                await server.make('POST /apis/authentication.k8s.io/v1/tokenreviews', {
                    spec: { token, audiences },
                })
            ).status;
        reviewed.length = 0;
        expect(await review('from-vault', ['mine', 'vault'])).toMatchObject({
            authenticated: true,
            audiences: ['vault'],
            user: { username: 'vaulted' },
        });
        expect(reviewed.map(({ spec }) => spec)).toEqual([
            { token: 'from-vault', audiences: ['mine', 'vault'] },
        ]);
        expect(await review('from-vault', ['mine'])).toEqual({ user: {}, error: 'invalid bearer token' });
        expect((await review('from-vault'))?.authenticated).toBeUndefined();
        const issuer = 'https://kubernetes.default.svc.cluster.local';
        expect(await review('sesame', ['vault', issuer])).toMatchObject({
            authenticated: true,
            audiences: [issuer],
            user: { username: 'jane' },
        });
        expect(await review('sesame', ['vault'])).toMatchObject({ user: { username: 'vaulted' } });
    });

    it('asks the webhooks whose conditions hold, in their order', async () => {
        reviewed.length = 0;
        expect(await list({ token: 'sesame' })).toMatchObject({ status: 403 });
        expect(reviewed).toEqual([]);
        expect(await list({ token: 'hookish' })).toMatchObject({ status: 200 });
        expect(reviewed.map(({ spec }) => spec.user)).toEqual(['hooked']);
        expect(await list({ token: 'strictly' })).toMatchObject({ status: 403 });
        const text = await metrics();
        const prefix = 'apiserver_authorization';
        for (const sample of [
            `${prefix}_decisions_total{type="Webhook",name="access",decision="allowed"} 1`,
            `${prefix}_decisions_total{type="Webhook",name="strict",decision="denied"} 1`,
            `${prefix}_decisions_total{type="RBAC",name="rbac",decision="allowed"}`,
            `${prefix}_webhook_evaluations_total{name="access",result="success"} 1`,
            `${prefix}_webhook_evaluations_total{name="strict",result="error"} 1`,
            `${prefix}_webhook_duration_seconds_count{name="access",result="success"} 1`,
            `${prefix}_match_condition_exclusions_total{type="Webhook",name="access"}`,
            `${prefix}_match_condition_evaluation_seconds_count{type="Webhook",name="strict"}`,
            'apiserver_authentication_jwt_authenticator_latency_seconds_count{result="success",',
            'apiserver_authentication_jwt_authenticator_jwks_fetch_last_key_set_info{',
        ]) {
            expect(text).toContain(sample);
        }
        expect(text).not.toContain(`${prefix}_webhook_evaluations_fail_open_total{`);
    });

    it('takes over another list of issuers, and keeps what it has where the new one is wrong', async () => {
        const reloads = 'apiserver_authentication_config_controller_automatic_reloads_total';
        const token = third.token({});
        expect(await server.whoAmI({ token })).toBeUndefined();
        const added = {
            issuer: issuerOf(third),
            claimMappings: { username: { claim: 'sub', prefix: 'third:' } },
        };
        await replace('authentication', authentication(added));
        await until(async () => (await server.whoAmI({ token }))?.username === 'third:joe');
        expect(await metrics()).toContain(`${reloads}{status="success",`);
        await replace('authentication', authentication(added, added));
        await until(async () => (await metrics()).includes(`${reloads}{status="failure",`));
        const failures = async (): Promise<number> =>
            Number(/_reloads_total\{status="failure".*\} (\d+)/.exec(await metrics())?.[1]);
        const before = await failures();
        const gone = await Issuer.start();
        await gone.stop();
        await replace('authentication', authentication({ ...added, issuer: issuerOf(gone) }));
        await until(async () => (await failures()) > before);
        expect(await server.whoAmI({ token: third.token({}) })).toMatchObject({ username: 'third:joe' });
        await replace('authentication', authentication());
        await until(async () => (await server.whoAmI({ token })) === undefined);
    });

    it('takes over other authorizers, and keeps what it has where the new ones are wrong', async () => {
        const reloads = 'apiserver_authorization_config_controller_automatic_reloads_total';
        await replace('authorization', authorization("request.user == 'jane'"));
        await until(async () => (await list({ token: 'sesame' })).status === 200);
        expect(await list({ token: 'hookish' })).toMatchObject({ status: 403 });
        await replace('authorization', authorization('request.nobody'));
        await until(async () => (await metrics()).includes(`${reloads}{status="failure",`));
        expect(await list({ token: 'sesame' })).toMatchObject({ status: 200 });
        const text = await metrics();
        expect(text).toMatch(/apiserver_authorization_config_controller_last_config_info\{.*hash="sha256:/);
        expect(text).toContain(`${reloads}{status="success",`);
    });

    it('shows admission webhooks who it is', async () => {
        await server.make('POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
            metadata: { name: 'hook' },
            webhooks: [
                {
                    name: 'hook.example.com',
                    clientConfig: { url: `${hooks.url}/admission`, caBundle: base64(hooks.ca) },
                    rules: [
                        {
                            apiGroups: [''],
                            apiVersions: ['v1'],
                            operations: ['CREATE'],
                            resources: ['configmaps'],
                        },
                    ],
                    sideEffects: 'None',
                    admissionReviewVersions: ['v1'],
                },
            ],
        });
        await server.make('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'seen' } });
        expect(admitted).toEqual(['Bearer open sesame']);
    });
});

describe('the client of webhooks', () => {
    it('says how each round trip ended, and asks again only where that may help', async () => {
        let status = 503;
        const hook = createServer((request, response) => {
            request.resume();
            if (status === 0) return;
            response.statusCode = status;
            response.end(status === 200 ? '{"a":1}' : '');
            status = 200;
        });
        await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
        const { port } = hook.address() as AddressInfo;
        const config = { server: `http://127.0.0.1:${port}/`, namespace: '' };
        const results: string[] = [];
        const onRoundTrip = (result: string): void => {
            results.push(result);
        };
        // Waits are over at once.
        const clock = {
            ...systemClock,
            setTimer: (_ms: number, callback: () => void) => systemClock.setTimer(0, callback),
        };
        const client = new KubeconfigWebhook(config, { clock, attemptTimeoutMs: 100, attempts: 2 });
        expect(await client.post({}, { onRoundTrip })).toEqual({ a: 1 });
        expect(results.splice(0)).toEqual(['error', 'success']);
        status = 404;
        await expect(client.post({}, { onRoundTrip })).rejects.toThrow('the webhook answered 404');
        expect(results.splice(0)).toEqual(['error']);
        status = 0;
        await expect(client.post({}, { onRoundTrip })).rejects.toThrow('no answer within 100 ms');
        expect(results.splice(0)).toEqual(['timeout', 'timeout']);
        const abort = new AbortController();
        abort.abort();
        await expect(client.post({}, { onRoundTrip, signal: abort.signal })).rejects.toThrow();
        expect(results).toEqual(['canceled']);
        client.close();
        hook.closeAllConnections();
        await new Promise((resolve) => hook.close(resolve));
    });
});
