import { constants, createPublicKey, type KeyObject, verify, type VerifyKeyObjectInput } from 'node:crypto';

/** Longer tokens are refused before anything is decoded, where no other bound is given. */
const tokenBytesDefault = 16_384;

/** A token taken apart; nothing of it is believed before its signature has been checked. */
export interface JsonWebToken {
    header: { alg: string; kid: string | undefined };
    claims: Readonly<Record<string, unknown>>;
    /** What was signed. */
    signed: Buffer;
    signature: Buffer;
}

/**
 * Header, claims and signature, each base64url to the letter: decoders skip what is none, and two texts would be one
 * token. Undefined when it is no such text, or longer than `bytesMax` (16 KiB).
 */
export function compactParts(
    text: string,
    bytesMax = tokenBytesDefault,
): [head: string, body: string, signature: string] | undefined {
    if (text.length > bytesMax) return undefined;
    const [head, body, signature, ...more] = text.split('.');
    if (!head || !body || !signature || more.length > 0) return undefined;
    const isExact = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;
    return [head, body, signature].every(isExact) ? [head, body, signature] : undefined;
}

/** Undefined when the text is no signed token in compact form (RFC 7515), or longer than `bytesMax` (16 KiB). */
export function parseJsonWebToken(text: string, bytesMax?: number): JsonWebToken | undefined {
    const parts = compactParts(text, bytesMax);
    if (parts === undefined) return undefined;
    const [head, body, signature] = parts;
    const header = decode(head);
    const claims = decode(body);
    if (header === undefined || claims === undefined || typeof header['alg'] !== 'string') return undefined;
    const kid = header['kid'];
    return {
        header: { alg: header['alg'], kid: typeof kid === 'string' ? kid : undefined },
        claims,
        signed: Buffer.from(`${head}.${body}`),
        signature: Buffer.from(signature, 'base64url'),
    };
}

function decode(part: string): Record<string, unknown> | undefined {
    try {
        const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        return isObject ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

/** How each algorithm signs (RFC 7518, 3.1). "none" and the symmetric ones are not among them. */
const algorithms = {
    RS256: { hash: 'sha256', type: 'rsa' },
    RS384: { hash: 'sha384', type: 'rsa' },
    RS512: { hash: 'sha512', type: 'rsa' },
    PS256: { hash: 'sha256', type: 'rsa', pss: true },
    PS384: { hash: 'sha384', type: 'rsa', pss: true },
    PS512: { hash: 'sha512', type: 'rsa', pss: true },
    ES256: { hash: 'sha256', type: 'ec', curve: 'prime256v1' },
    ES384: { hash: 'sha384', type: 'ec', curve: 'secp384r1' },
    ES512: { hash: 'sha512', type: 'ec', curve: 'secp521r1' },
} as const;
export type SignatureAlgorithm = keyof typeof algorithms;
export const signatureAlgorithms = Object.keys(algorithms) as SignatureAlgorithm[];

/** True when `key` is one for this algorithm and has signed the token with it. */
export function isSignedBy(token: JsonWebToken, key: KeyObject, algorithm: SignatureAlgorithm): boolean {
    if (token.header.alg !== algorithm) return false;
    const wanted = algorithms[algorithm];
    if (key.asymmetricKeyType !== wanted.type) return false;
    if ('curve' in wanted && key.asymmetricKeyDetails?.namedCurve !== wanted.curve) return false;
    const input: VerifyKeyObjectInput = {
        key: key.type === 'private' ? createPublicKey(key) : key,
        ...('curve' in wanted ? { dsaEncoding: 'ieee-p1363' as const } : {}),
        ...('pss' in wanted
            ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
            : {}),
    };
    return verify(wanted.hash, token.signed, input, token.signature);
}
