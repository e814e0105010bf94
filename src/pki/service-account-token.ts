import {
    createHash,
    createPublicKey,
    type KeyObject,
    createPrivateKey,
    randomUUID,
    sign,
    verify,
} from 'node:crypto';
import { compactParts } from './json-web-token.ts';

/** How far clocks may be apart. */
const defaultLeewaySeconds = 60;

/** Names an object together with its uid, so that a namesake created later is not meant. */
export interface BoundObject {
    name: string;
    uid: string;
}

/** The private claim "kubernetes.io" of a service-account token. */
export interface KubernetesClaim {
    namespace: string;
    serviceaccount: BoundObject;
    pod?: BoundObject;
    secret?: BoundObject;
    node?: { name: string; uid?: string };
    /** Seconds since 1970 after which use of the token is reported. */
    warnafter?: number;
}

/** Claims of a service-account token; times are seconds since 1970. */
export interface TokenClaims {
    iss: string;
    sub: string;
    aud: string[];
    exp: number;
    iat: number;
    nbf: number;
    jti: string;
    'kubernetes.io': KubernetesClaim;
}

export interface SigningKey {
    key: KeyObject;
    algorithm: TokenAlgorithm;
    /** As upstream: SHA-256 of the public key's DER, base64url. */
    id: string;
}
export type VerifyingKey = SigningKey;
export type TokenAlgorithm = 'ES256' | 'RS256';

export interface TokenRequest {
    issuer: string;
    audiences: readonly string[];
    kubernetes: KubernetesClaim;
    lifetimeSeconds: number;
    nowMs: number;
}

/** A token that is not to be believed. The message says why; it goes to the log, never to the client. */
export class TokenError extends Error {
    override readonly name = 'TokenError';
}

export function loadSigningKey(privateKeyPem: string): SigningKey {
    const key = createPrivateKey(privateKeyPem);
    return { key, algorithm: algorithmOf(key), id: keyId(createPublicKey(key)) };
}

/** Keys of a file: public keys, certificates, or private keys whose public half is meant. */
export function loadVerifyingKeys(pem: string): VerifyingKey[] {
    const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? [];
    return blocks
        .filter((block) => !block.includes('EC PARAMETERS'))
        .map((block) => {
            const key = createPublicKey(block);
            return { key, algorithm: algorithmOf(key), id: keyId(key) };
        });
}

/** A signed token and its claims. */
export function signToken(key: SigningKey, request: TokenRequest): { token: string; claims: TokenClaims } {
    const now = Math.floor(request.nowMs / 1000);
    const { namespace, serviceaccount } = request.kubernetes;
    const claims: TokenClaims = {
        aud: [...request.audiences],
        exp: now + request.lifetimeSeconds,
        iat: now,
        iss: request.issuer,
        jti: randomUUID(),
        'kubernetes.io': request.kubernetes,
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    };
    const head = encode({ alg: key.algorithm, kid: key.id });
    const signed = `${head}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), signatureKey(key));
    return { token: `${signed}.${signature.toString('base64url')}`, claims };
}

/**
 * Claims of a token whose signature is by one of `keys` and whose issuer is one of `issuers`; undefined
 * when it is no token of these issuers at all, so that others may look at it. Times and audience are
 * checked by `checkClaims`: the result of this function may be kept.
 */
export function verifyToken(
    token: string,
    options: { keys: readonly VerifyingKey[]; issuers: readonly string[] },
): TokenClaims | undefined {
    const parts = compactParts(token);
    if (parts === undefined) return undefined;
    const [head, body, signature] = parts;
    const claims = decode(body);
    if (typeof claims !== 'object' || claims === null || !('iss' in claims)) return undefined;
    if (typeof claims.iss !== 'string' || !options.issuers.includes(claims.iss)) return undefined;
    const header = decode(head);
    if (typeof header !== 'object' || header === null) throw new TokenError('the header is not readable');
    const signed = Buffer.from(`${head}.${body}`);
    const bytes = Buffer.from(signature, 'base64url');
    const candidates = candidateKeys(header, options.keys);
    if (!candidates.some((key) => verify('sha256', signed, signatureKey(key), bytes))) {
        throw new TokenError('the signature is by none of the known keys');
    }
    return parseClaims(claims);
}

/** Throws TokenError unless the token is valid now and for one of `audiences`; gives the audiences in common. */
export function checkClaims(
    claims: TokenClaims,
    options: { nowMs: number; audiences: readonly string[]; leewaySeconds?: number },
): string[] {
    const now = options.nowMs / 1000;
    const leeway = options.leewaySeconds ?? defaultLeewaySeconds;
    if (now > claims.exp + leeway) throw new TokenError('service account token has expired');
    if (now < claims.nbf - leeway) throw new TokenError('service account token is not valid yet');
    const common = options.audiences.filter((audience) => claims.aud.includes(audience));
    if (common.length === 0) {
        throw new TokenError(
            `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(options.audiences)}`,
        );
    }
    return common;
}

/** Public keys as a JSON web key set, as /openid/v1/jwks serves them. */
export function jsonWebKeySet(keys: readonly VerifyingKey[]): { keys: object[] } {
    return {
        keys: keys.map(({ key, algorithm, id }) => ({
            use: 'sig',
            ...publicHalf(key).export({ format: 'jwk' }),
            kid: id,
            alg: algorithm,
        })),
    };
}

function publicHalf(key: KeyObject): KeyObject {
    return key.type === 'private' ? createPublicKey(key) : key;
}

/** The algorithm is the key's own, never what the token asks for: "none" and mixed-up keys have no chance. */
function candidateKeys(header: object, keys: readonly VerifyingKey[]): VerifyingKey[] {
    const algorithm = 'alg' in header ? header.alg : undefined;
    const id = 'kid' in header ? header.kid : undefined;
    const fitting = keys.filter((key) => key.algorithm === algorithm);
    const named = fitting.filter((key) => key.id === id);
    return named.length > 0 ? named : fitting;
}

function algorithmOf(key: KeyObject): TokenAlgorithm {
    if (key.asymmetricKeyType === 'rsa') return 'RS256';
    if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
        return 'ES256';
    throw new Error('a service-account key must be an RSA or an ECDSA P-256 key');
}

function signatureKey({ key, algorithm }: SigningKey): { key: KeyObject; dsaEncoding?: 'ieee-p1363' } {
    return algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : { key };
}

function keyId(publicKey: KeyObject): string {
    const der = publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(der).digest('base64url');
}

function encode(value: object): string {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): unknown {
    try {
        return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    } catch {
        return undefined;
    }
}

/** Checks the shape of signed claims: a key may be shared with programs that sign other things. */
function parseClaims(input: object): TokenClaims {
    const raw = input as Partial<Record<keyof TokenClaims, unknown>>;
    const kubernetes = raw['kubernetes.io'] as Partial<KubernetesClaim> | null | undefined;
    const account = kubernetes?.serviceaccount;
    if (typeof kubernetes?.namespace !== 'string' || !isBoundObject(account)) {
        throw new TokenError('the token names no service account');
    }
    if (raw.sub !== `system:serviceaccount:${kubernetes.namespace}:${account.name}`) {
        throw new TokenError('the subject is not the service account');
    }
    for (const bound of [kubernetes.pod, kubernetes.secret]) {
        if (bound !== undefined && !isBoundObject(bound))
            throw new TokenError('a bound object is not readable');
    }
    if (kubernetes.node !== undefined && typeof kubernetes.node.name !== 'string') {
        throw new TokenError('the bound node is not readable');
    }
    return {
        iss: String(raw.iss),
        sub: raw.sub,
        aud: typeof raw.aud === 'string' ? [raw.aud] : stringList(raw.aud),
        exp: seconds(raw.exp, 'exp'),
        iat: seconds(raw.iat, 'iat'),
        nbf: seconds(raw.nbf, 'nbf'),
        jti: typeof raw.jti === 'string' ? raw.jti : '',
        'kubernetes.io': { ...kubernetes, namespace: kubernetes.namespace, serviceaccount: account },
    };
}

function isBoundObject(value: unknown): value is BoundObject {
    const object = value as Partial<BoundObject> | null | undefined;
    return typeof object?.name === 'string' && typeof object.uid === 'string';
}

function seconds(value: unknown, claim: string): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new TokenError(`${claim} is not a time`);
    return value;
}

function stringList(value: unknown): string[] {
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
