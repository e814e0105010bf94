import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { generatePrivateKey, publicKeyOf } from './authority.ts';
import {
    checkClaims,
    jsonWebKeySet,
    loadSigningKey,
    loadVerifyingKeys,
    signToken,
    verifyToken,
} from './service-account-token.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const nowMs = Date.UTC(2026, 5, 1);
const ec = generatePrivateKey();
const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;
const request = {
    issuer,
    audiences: ['api'],
    kubernetes: {
        namespace: 'default',
        serviceaccount: { name: 'web', uid: 'u1' },
        pod: { name: 'web-0', uid: 'u2' },
    },
    lifetimeSeconds: 3600,
    nowMs,
};
const verifying = (pem: string) => ({ keys: loadVerifyingKeys(publicKeyOf(pem)), issuers: [issuer] });

function forge(token: string, change: (claims: Record<string, unknown>) => void): string {
    const [head, body, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(body!, 'base64url').toString()) as Record<string, unknown>;
    change(claims);
    return `${head!}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature!}`;
}

describe('service-account tokens', () => {
    for (const [algorithm, pem] of [
        ['ES256', ec],
        ['RS256', rsa],
    ] as const) {
        it(`signed with ${algorithm} verify with the public key and carry upstream's claims`, () => {
            const { token, claims } = signToken(loadSigningKey(pem), request);
            expect(verifyToken(token, verifying(pem))).toEqual(claims);
            expect(claims).toMatchObject({
                iss: issuer,
                sub: 'system:serviceaccount:default:web',
                exp: nowMs / 1000 + 3600,
                'kubernetes.io': request.kubernetes,
            });
            const head = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as object;
            expect(head).toEqual({ alg: algorithm, kid: loadSigningKey(pem).id });
        });
    }

    it('that were changed, signed by another key or stripped of their algorithm are refused', () => {
        const { token } = signToken(loadSigningKey(ec), request);
        const forged = forge(token, (claims) => {
            claims.sub = 'system:serviceaccount:kube-system:admin';
        });
        const [, body] = token.split('.');
        const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body!}.AAAA`;
        const foreign = signToken(loadSigningKey(generatePrivateKey()), request).token;
        const otherAlgorithm = signToken(loadSigningKey(rsa), request).token;
        for (const bad of [forged, none, foreign, otherAlgorithm]) {
            expect(() => verifyToken(bad, verifying(ec))).toThrow('the signature is by none');
        }
    });

    it.each([
        ['of another issuer', signToken(loadSigningKey(ec), { ...request, issuer: 'https://other' }).token],
        ['that are no JSON web tokens', 'abc'],
        ['with an unreadable body', 'a.b.c'],
        ['that are far too long', `${'a'.repeat(20_000)}.b.c`],
    ])('%s are left to others', (_case, token) => {
        expect(verifyToken(token, verifying(ec))).toBeUndefined();
    });

    it('are held to their times and audiences', () => {
        const { claims } = signToken(loadSigningKey(ec), request);
        const check = (offsetSeconds: number, audiences = ['api', 'x']) =>
            checkClaims(claims, { nowMs: nowMs + offsetSeconds * 1000, audiences });
        expect(check(3599)).toEqual(['api']);
        expect(() => check(3661)).toThrow('expired');
        expect(() => check(-61)).toThrow('not valid yet');
        expect(() => check(0, ['vault'])).toThrow('is invalid for the target audiences ["vault"]');
    });

    it('verify with keys read from the published key set', () => {
        const { keys } = jsonWebKeySet(loadVerifyingKeys(publicKeyOf(ec)));
        expect(keys).toEqual([
            expect.objectContaining({
                kty: 'EC',
                crv: 'P-256',
                alg: 'ES256',
                use: 'sig',
                kid: loadSigningKey(ec).id,
            }),
        ]);
        expect(keys[0]).not.toHaveProperty('d');
    });
});
