import { isSignedBy, type JsonWebToken, type SignatureAlgorithm } from '../../../../pki/json-web-token.ts';
import type { Clock } from '../../../../util/clock.ts';
import type { IssuerKey, IssuerKeys } from '../issuer-keys.ts';
import { CredentialError } from '../method.ts';

/** How far before its time a token is taken, as clocks differ. */
const notBeforeLeewayMs = 300_000;
const googleIssuer = 'https://accounts.google.com';

export type Claims = Readonly<Record<string, unknown>>;

export interface IdTokenRules {
    algorithms: readonly SignatureAlgorithm[];
    /** One of them must be the token's. */
    audiences: readonly string[];
    clock: Clock;
}

/** Who the token says has issued it. Google leaves out the scheme. */
export function issuerOf({ claims }: JsonWebToken): unknown {
    return claims['iss'] === 'accounts.google.com' ? googleIssuer : claims['iss'];
}

/** Rejects with a CredentialError for a token of somebody else, for others or out of its time. */
export async function verifyIdToken(
    token: JsonWebToken,
    keys: IssuerKeys,
    rules: IdTokenRules,
): Promise<void> {
    await verifySignature(token, keys, rules.algorithms);
    const { aud, exp, nbf } = token.claims;
    const nowMs = rules.clock.nowMs();
    const audiences = [aud].flat();
    if (!rules.audiences.some((wanted) => audiences.includes(wanted))) {
        throw new CredentialError(
            `oidc: expected audience in ${JSON.stringify(rules.audiences)} got ${JSON.stringify(audiences)}`,
        );
    }
    if (typeof exp !== 'number' || exp * 1000 <= nowMs) throw new CredentialError('oidc: token is expired');
    if (nbf !== undefined && !(typeof nbf === 'number' && nowMs + notBeforeLeewayMs >= nbf * 1000)) {
        throw new CredentialError('oidc: token is not valid yet');
    }
}

async function verifySignature(
    token: JsonWebToken,
    keys: IssuerKeys,
    algorithms: readonly SignatureAlgorithm[],
): Promise<void> {
    const algorithm = algorithms.find((allowed) => allowed === token.header.alg);
    if (algorithm === undefined) {
        throw new CredentialError(`oidc: id token signed with unsupported algorithm ${token.header.alg}`);
    }
    const signs = ({ id, key }: IssuerKey): boolean =>
        (token.header.kid === undefined || id === token.header.kid) && isSignedBy(token, key, algorithm);
    if (keys.known.some(signs)) return;
    const fresh = await keys.refresh().catch((error: unknown) => {
        throw new CredentialError('oidc: the keys of the issuer are not known', { cause: error });
    });
    if (!fresh.some(signs)) throw new CredentialError('oidc: failed to verify id token signature');
}
