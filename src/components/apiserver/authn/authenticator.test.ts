import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../../../api/meta/object.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../../client/resource-type.ts';
import {
    createAuthority,
    generatePrivateKey,
    issueCertificate,
    type KeyPair,
} from '../../../pki/authority.ts';
import { signLegacyToken } from '../../../pki/legacy-service-account-token.ts';
import { loadSigningKey, loadVerifyingKeys, signToken } from '../../../pki/service-account-token.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { silentLogger } from '../../../util/logger.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { type AuthenticationInput, type Authenticator, createAuthenticator } from './authenticator.ts';
import { anonymousAllowed } from './anonymous.ts';
import { ServiceAccountTokens } from './service-account.ts';
import { TokenCacheMetrics } from './token-cache-metrics.ts';
import { TokenUseMetrics } from './token-use.ts';

const dayMs = 86_400_000;
let nowMs = Date.UTC(2026, 5, 1);
const startMs = nowMs;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => () => undefined };
const validity = { notBefore: new Date(startMs - dayMs), notAfter: new Date(startMs + 30 * dayMs) };
const longValidity = { ...validity, notAfter: new Date(startMs + 3650 * dayMs) };
const issuer = 'https://kubernetes.default.svc';
const signingPem = generatePrivateKey();
const signing = loadSigningKey(signingPem);

function input(partial: Partial<AuthenticationInput>): AuthenticationInput {
    return { authorization: undefined, peerCertificate: undefined, headers: {}, ...partial };
}
const der = (pair: KeyPair) => new X509Certificate(pair.cert).raw;
const unauthorized = { status: { code: 401, reason: 'Unauthorized', message: 'Unauthorized' } };

/** A client certificate with attributes that the cluster's own authority never writes. */
async function certificateWithUids(
    authority: KeyPair,
    { uids, validity: times }: { uids: string[]; validity: typeof validity },
): Promise<Buffer> {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const { subtle } = globalThis.crypto;
    const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const pkcs8 = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: '01',
        subject: new x509.Name([
            { CN: [{ utf8String: 'jane' }] },
            ...uids.map((uid) => ({ '1.3.6.1.4.1.57683.2': [{ utf8String: uid }] })),
        ]),
        issuer: new x509.X509Certificate(authority.cert).subjectName,
        ...times,
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    });
    return Buffer.from(certificate.rawData);
}

describe('authenticator', () => {
    let ca: KeyPair;
    let foreignCa: KeyPair;
    let proxyCa: KeyPair;
    let authenticator: Authenticator;
    const reader = new MemoryReader();
    const metrics = new TokenUseMetrics();
    const tokenCache = new TokenCacheMetrics();

    beforeAll(async () => {
        ca = await createAuthority('kubernetes', longValidity);
        foreignCa = await createAuthority('kubernetes', longValidity);
        proxyCa = await createAuthority('front-proxy-ca', longValidity);
        const account = { metadata: { namespace: 'default', name: 'web', uid: 'sa-1' } };
        reader.set(serviceAccounts, account);
        reader.set(pods, { metadata: { namespace: 'default', name: 'web-0', uid: 'pod-1' } });
        reader.set(secrets, { metadata: { namespace: 'default', name: 'token', uid: 'secret-1' } });
        reader.set(nodes, { metadata: { name: 'n1', uid: 'node-1' } });
        authenticator = createAuthenticator({
            log: silentLogger(),
            clock,
            clientCa: ca.cert,
            requestHeader: {
                ca: proxyCa.cert,
                allowedNames: ['front-proxy-client'],
                usernameHeaders: ['X-Remote-User'],
                groupHeaders: ['X-Remote-Group'],
                extraHeaderPrefixes: ['X-Remote-Extra-'],
            },
            tokenCache,
            tokenFile: 'sesame,jane,42,"dev,ops"\nplain,joe,43\n',
            serviceAccounts: new ServiceAccountTokens({
                keys: loadVerifyingKeys(signingPem),
                issuers: [issuer],
                audiences: [issuer],
                reader,
                clock,
                metrics,
            }),
        });
    });
    /** What is said of a token besides whose it is. */
    const reported = async (text: string): Promise<string[]> => {
        const said: string[] = [];
        const report = {
            annotate: (key: string, value: string) => said.push(`${key}: ${value}`),
            warn: (message: string) => said.push(message),
        };
        const answer = authenticator.authenticate({ ...bearer(text), report });
        await answer.catch((error: unknown) => {
            expect(error).toMatchObject(unauthorized);
        });
        return said;
    };
    const counted = (name: string): number | undefined =>
        metrics.source().find((metric) => metric.name === `serviceaccount_${name}_total`)?.samples[0]?.value;

    const client = async (authority: KeyPair, request: object = {}) =>
        der(
            await issueCertificate(authority, {
                commonName: 'jane',
                organizations: ['dev', 'ops'],
                usages: ['client'],
                validity,
                ...request,
            }),
        );
    const token = (kubernetes: object = {}, more: object = {}) =>
        signToken(signing, {
            issuer,
            audiences: [issuer],
            lifetimeSeconds: 3600,
            nowMs,
            ...more,
            kubernetes: {
                namespace: 'default',
                serviceaccount: { name: 'web', uid: 'sa-1' },
                ...kubernetes,
            },
        }).token;
    const bearer = (value: string) => input({ authorization: `Bearer ${value}` });

    it('takes user and groups from a client certificate', async () => {
        const peerCertificate = await client(ca);
        expect(await authenticator.authenticate(input({ peerCertificate }))).toEqual({
            username: 'jane',
            uid: '',
            groups: ['dev', 'ops', 'system:authenticated'],
            extra: {
                'authentication.kubernetes.io/credential-id': [
                    expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/),
                ],
            },
        });
    });

    it.each([
        ['of another authority with the same name', () => client(foreignCa)],
        ['for servers only', () => client(ca, { usages: ['server'] })],
        [
            'that has expired',
            () => client(ca, { validity: { ...validity, notAfter: new Date(startMs - 1000) } }),
        ],
        [
            'that is not valid yet',
            () => client(ca, { validity: { ...validity, notBefore: new Date(startMs + 60_000) } }),
        ],
        ['that is no certificate', () => Promise.resolve(Buffer.from('nonsense'))],
    ])('refuses a client certificate %s', async (_case, make) => {
        const peerCertificate = await make();
        await expect(authenticator.authenticate(input({ peerCertificate }))).rejects.toMatchObject(
            unauthorized,
        );
    });

    it('refuses a certificate that expires while it is remembered', async () => {
        const peerCertificate = await client(ca);
        await authenticator.authenticate(input({ peerCertificate }));
        nowMs = startMs + 31 * dayMs;
        await expect(authenticator.authenticate(input({ peerCertificate }))).rejects.toMatchObject(
            unauthorized,
        );
        nowMs = startMs;
    });

    it.each([
        [['u-1'], 'u-1'],
        [[], ''],
        [['u-1', 'u-2'], undefined],
        [[''], undefined],
    ])('takes the uid from a subject with the uids %j: %j', async (uids, expected) => {
        const peerCertificate = await certificateWithUids(ca, { uids, validity });
        const answer = authenticator.authenticate(input({ peerCertificate }));
        if (expected === undefined) await expect(answer).rejects.toMatchObject(unauthorized);
        else expect(await answer).toMatchObject({ username: 'jane', uid: expected });
    });

    describe('of a Secret', () => {
        const legacy = signLegacyToken(signing, {
            namespace: 'default',
            accountName: 'web',
            accountUid: 'sa-1',
            secretName: 'legacy',
        });
        const secret = (labels: Record<string, string> = {}, data = legacy): ApiObject => ({
            metadata: { namespace: 'default', name: 'legacy', uid: 's', labels },
            ...{ data: { token: Buffer.from(data).toString('base64') } },
        });

        it('believes the token while the Secret holds it and is not marked invalid', async () => {
            reader.set(secrets, secret());
            expect(await authenticator.authenticate(bearer(legacy))).toEqual({
                username: 'system:serviceaccount:default:web',
                uid: 'sa-1',
                groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
                extra: {},
            });
            const bad = [
                secret({ 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }),
                secret({}, 'another'),
            ];
            for (const object of bad) {
                reader.set(secrets, object);
                await expect(authenticator.authenticate(bearer(legacy))).rejects.toMatchObject(unauthorized);
            }
            reader.remove(secrets, secret());
            await expect(authenticator.authenticate(bearer(legacy))).rejects.toMatchObject(unauthorized);
        });

        it('is reported, with its Secret and how that came to be', async () => {
            const use = 'authentication.k8s.io/legacy-token: system:serviceaccount:default:web';
            const before = ['legacy_tokens', 'legacy_auto_token_uses', 'legacy_manual_token_uses'].map(
                counted,
            );
            reader.set(secrets, secret());
            expect(await reported(legacy)).toEqual([
                use,
                'authentication.k8s.io/legacy-token-manual-secret: legacy',
            ]);
            const account = reader.get(serviceAccounts, 'default', 'web')!;
            reader.set(serviceAccounts, { ...account, ...{ secrets: [{ name: 'legacy' }] } });
            expect(await reported(legacy)).toEqual([
                use,
                'authentication.k8s.io/legacy-token-autogenerated-secret: legacy',
                'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
            ]);
            reader.set(serviceAccounts, account);
            reader.set(secrets, secret({ 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }));
            const invalid = counted('invalid_legacy_auto_token_uses') ?? 0;
            expect(await reported(legacy)).toEqual([
                use,
                'authentication.k8s.io/legacy-token-invalidated: legacy/default',
            ]);
            expect(counted('invalid_legacy_auto_token_uses')).toBe(invalid + 1);
            const after = ['legacy_tokens', 'legacy_auto_token_uses', 'legacy_manual_token_uses'].map(
                counted,
            );
            expect(after.map((value, index) => (value ?? 0) - (before[index] ?? 0))).toEqual([3, 1, 1]);
            reader.remove(secrets, secret());
        });
    });

    it('knows static tokens with their groups', async () => {
        expect(await authenticator.authenticate(bearer('sesame'))).toEqual({
            username: 'jane',
            uid: '42',
            groups: ['dev', 'ops', 'system:authenticated'],
            extra: {},
        });
        expect(await authenticator.authenticate(bearer('plain'))).toMatchObject({
            groups: ['system:authenticated'],
        });
    });

    it('gives nothing for a request without credentials', async () => {
        expect(await authenticator.authenticate(input({}))).toBeUndefined();
        expect(await authenticator.authenticate(input({ authorization: 'Basic abc' }))).toBeUndefined();
        expect(anonymousAllowed('/livez')).toBe(true);
        expect(anonymousAllowed('/api')).toBe(false);
    });

    it('makes a service account of its token, with pod and node in extra', async () => {
        const bound = token({
            pod: { name: 'web-0', uid: 'pod-1' },
            node: { name: 'n1', uid: 'node-1' },
        });
        expect(await authenticator.authenticate(bearer(bound))).toMatchObject({
            username: 'system:serviceaccount:default:web',
            uid: 'sa-1',
            groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
            extra: {
                'authentication.kubernetes.io/pod-name': ['web-0'],
                'authentication.kubernetes.io/node-uid': ['node-1'],
            },
        });
    });

    it.each([
        ['is unknown', () => 'unknown'],
        ['was tampered with', () => `${token().slice(0, -4)}AAAA`],
        ['has expired', () => token({}, { nowMs: startMs - 2 * 3_600_000 })],
        ['is for another audience', () => token({}, { audiences: ['vault'] })],
        ['is of a deleted account', () => token({ serviceaccount: { name: 'gone', uid: 'x' } })],
        ['is of an account created again', () => token({ serviceaccount: { name: 'web', uid: 'old' } })],
        ['is bound to a deleted pod', () => token({ pod: { name: 'web-9', uid: 'x' } })],
        ['is bound to a pod created again', () => token({ pod: { name: 'web-0', uid: 'old' } })],
        ['is bound to a deleted secret', () => token({ secret: { name: 'none', uid: 'x' } })],
        ['is bound to a deleted node', () => token({ node: { name: 'n2', uid: 'x' } })],
    ])('refuses a token that %s', async (_case, make) => {
        await expect(authenticator.authenticate(bearer(make()))).rejects.toMatchObject(unauthorized);
    });

    it('reports a token with an extended life once its client should have read the next one', async () => {
        const warnafter = startMs / 1000 + 3607;
        const extended = token({ warnafter }, { lifetimeSeconds: 365 * 24 * 3600 });
        expect(await reported(extended)).toEqual([]);
        expect([counted('valid_tokens'), counted('stale_tokens')]).toEqual([1, 0]);
        nowMs = startMs + 3_617_000;
        expect(await reported(extended)).toEqual([
            'authentication.k8s.io/stale-token: subject: system:serviceaccount:default:web, seconds after warning threshold: 10',
        ]);
        expect([counted('valid_tokens'), counted('stale_tokens')]).toEqual([1, 1]);
        nowMs = startMs;
        expect(await reported(token())).toEqual([]);
        expect([counted('valid_tokens'), counted('stale_tokens')]).toEqual([1, 1]);
    });

    it('stops believing a remembered token once its pod is gone', async () => {
        const pod = { metadata: { namespace: 'default', name: 'web-1', uid: 'pod-2' } };
        reader.set(pods, pod);
        const bound = token({ pod: { name: 'web-1', uid: 'pod-2' } });
        expect(await authenticator.authenticate(bearer(bound))).toBeDefined();
        reader.remove(pods, pod);
        await expect(authenticator.authenticate(bearer(bound))).rejects.toMatchObject(unauthorized);
    });

    it('counts how often a token was known from before', async () => {
        const figure = (name: string, status: string): number =>
            Number(
                new RegExp(`^authentication_token_cache_${name}\\{status="${status}"\\} (\\d+)$`, 'm').exec(
                    renderMetrics(tokenCache.metrics()),
                )?.[1] ?? 0,
            );
        const figures = (): number[] => [
            figure('request_total', 'hit'),
            figure('request_total', 'miss'),
            figure('fetch_total', 'ok'),
            figure('fetch_total', 'error'),
            figure('request_duration_seconds_count', 'hit'),
            figure('active_fetch_count', 'in_flight'),
        ];
        const before = figures();
        const pod = { metadata: { namespace: 'default', name: 'web-2', uid: 'pod-3' } };
        reader.set(pods, pod);
        const bound = token({ pod: { name: 'web-2', uid: 'pod-3' } });
        for (let i = 0; i < 3; i++) await authenticator.authenticate(bearer(bound));
        await authenticator.authenticate(input({}));
        reader.remove(pods, pod);
        await expect(authenticator.authenticate(bearer(bound))).rejects.toMatchObject(unauthorized);
        const grown = figures().map((value, index) => value - (before[index] ?? 0));
        expect(grown).toEqual([2, 2, 1, 1, 2, 0]);
    });

    it('believes identity headers only of an allowed front proxy', async () => {
        const headers = {
            'x-remote-user': 'jane',
            'x-remote-group': ['a,system:masters', 'b'],
            'x-remote-extra-scopes%2fx': 'one',
        };
        const proxy = await client(proxyCa, { commonName: 'front-proxy-client' });
        expect(await authenticator.authenticate(input({ peerCertificate: proxy, headers }))).toMatchObject({
            username: 'jane',
            groups: ['a,system:masters', 'b', 'system:authenticated'],
            extra: { 'scopes/x': ['one'] },
        });
        expect(await authenticator.authenticate(input({ headers }))).toBeUndefined();
        const other = await client(proxyCa, { commonName: 'other' });
        await expect(
            authenticator.authenticate(input({ peerCertificate: other, headers })),
        ).rejects.toMatchObject(unauthorized);
        const user = await client(ca, { commonName: 'joe' });
        expect(await authenticator.authenticate(input({ peerCertificate: user, headers }))).toMatchObject({
            username: 'joe',
        });
    });

    it('lets a good token win over a bad certificate', async () => {
        const peerCertificate = await client(foreignCa);
        const request = input({ peerCertificate, authorization: 'Bearer sesame' });
        expect(await authenticator.authenticate(request)).toMatchObject({ username: 'jane' });
    });
});
