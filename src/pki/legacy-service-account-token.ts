import { sign } from 'node:crypto';
import { isSignedBy, parseJsonWebToken } from './json-web-token.ts';
import { type SigningKey, TokenError, type VerifyingKey } from './service-account-token.ts';

/** Issuer of tokens that are kept in Secrets of type kubernetes.io/service-account-token. */
const legacyIssuer = 'kubernetes/serviceaccount';
const claimPrefix = 'kubernetes.io/serviceaccount/';

/** What such a token says: it has no audience and does not expire, but ends with its Secret. */
export interface LegacyTokenClaims {
    namespace: string;
    accountName: string;
    accountUid: string;
    secretName: string;
}

/** The token that belongs into the Secret. */
export function signLegacyToken(key: SigningKey, claims: LegacyTokenClaims): string {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = encode({ alg: key.algorithm, kid: key.id });
    const body = encode({
        iss: legacyIssuer,
        [`${claimPrefix}namespace`]: claims.namespace,
        [`${claimPrefix}secret.name`]: claims.secretName,
        [`${claimPrefix}service-account.name`]: claims.accountName,
        [`${claimPrefix}service-account.uid`]: claims.accountUid,
        sub: `system:serviceaccount:${claims.namespace}:${claims.accountName}`,
    });
    const input =
        key.algorithm === 'ES256' ? { key: key.key, dsaEncoding: 'ieee-p1363' as const } : { key: key.key };
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), input);
    return `${head}.${body}.${signature.toString('base64url')}`;
}

/** Undefined when it is no such token. Throws TokenError when it is one and none of the keys signed it. */
export function verifyLegacyToken(
    text: string,
    keys: readonly VerifyingKey[],
): LegacyTokenClaims | undefined {
    const token = parseJsonWebToken(text);
    if (token?.claims['iss'] !== legacyIssuer) return undefined;
    const named = keys.filter(({ id }) => id === token.header.kid);
    const candidates = named.length > 0 ? named : keys;
    if (!candidates.some(({ key, algorithm }) => isSignedBy(token, key, algorithm))) {
        throw new TokenError('the signature is by none of the known keys');
    }
    const claim = (name: string): string => {
        const value = token.claims[`${claimPrefix}${name}`];
        if (typeof value !== 'string' || value === '') throw new TokenError(`the claim ${name} is missing`);
        return value;
    };
    const claims = {
        namespace: claim('namespace'),
        accountName: claim('service-account.name'),
        accountUid: claim('service-account.uid'),
        secretName: claim('secret.name'),
    };
    if (token.claims['sub'] !== `system:serviceaccount:${claims.namespace}:${claims.accountName}`) {
        throw new TokenError('the subject is not the service account');
    }
    return claims;
}
