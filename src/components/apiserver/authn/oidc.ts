import {
    isSignedBy,
    type JsonWebToken,
    parseJsonWebToken,
    type SignatureAlgorithm,
    signatureAlgorithms,
} from '../../../pki/json-web-token.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Identity } from '../identity.ts';
import { type IssuerKey, IssuerKeys } from './issuer-keys.ts';
import { type AuthenticationMethod, bearerToken, CredentialError } from './method.ts';

/** How far before its time a token is taken, as clocks differ. */
const notBeforeLeewayMs = 300_000;

/** The --oidc-* flags. */
export interface OidcOptions {
    issuer: string;
    clientId: string;
    /** Default "sub". */
    usernameClaim: string;
    /** "-": none; empty: the issuer and "#", unless the claim is "email". */
    usernamePrefix: string;
    /** Empty: tokens give no groups. */
    groupsClaim: string;
    groupsPrefix: string;
    requiredClaims: Readonly<Record<string, string>>;
    signingAlgorithms: readonly string[];
    /** PEM bundle of the issuer's server. */
    ca?: string | undefined;
    clock: Clock;
}

/** ID tokens of an OpenID Connect provider. Throws when the options are not usable. */
export function oidcMethod(options: OidcOptions): AuthenticationMethod {
    const algorithms = checkOptions(options);
    const { issuer, ca, clock } = options;
    const keys = new IssuerKeys({ issuer, ca, clock });
    return {
        name: 'oidc',
        async authenticate({ authorization }) {
            const text = bearerToken(authorization);
            const token = text === undefined ? undefined : parseJsonWebToken(text);
            if (token?.claims['iss'] !== issuer) return undefined;
            await verifySignature(token, algorithms, keys);
            checkClaims(token.claims, options);
            return identityOf(token.claims, options);
        },
    };
}

function checkOptions({ issuer, clientId, signingAlgorithms }: OidcOptions): SignatureAlgorithm[] {
    if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') {
        throw new Error(`--oidc-issuer-url: ${JSON.stringify(issuer)} is no https URL`);
    }
    if (clientId === '') throw new Error('--oidc-client-id is required with --oidc-issuer-url');
    return signingAlgorithms.map((name) => {
        const algorithm = signatureAlgorithms.find((known) => known === name);
        if (algorithm === undefined) {
            throw new Error(
                `--oidc-signing-algs: ${JSON.stringify(name)} is none of ${signatureAlgorithms.join(', ')}`,
            );
        }
        return algorithm;
    });
}

async function verifySignature(
    token: JsonWebToken,
    algorithms: readonly SignatureAlgorithm[],
    keys: IssuerKeys,
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

type Claims = Readonly<Record<string, unknown>>;

function checkClaims(claims: Claims, { clientId, requiredClaims, clock }: OidcOptions): void {
    const nowMs = clock.nowMs();
    const audiences = [claims['aud']].flat();
    if (!audiences.includes(clientId)) {
        throw new CredentialError(`oidc: expected audience ${JSON.stringify(clientId)}`);
    }
    const { exp, nbf } = claims;
    if (typeof exp !== 'number' || exp * 1000 <= nowMs) throw new CredentialError('oidc: token is expired');
    if (nbf !== undefined && !(typeof nbf === 'number' && nowMs + notBeforeLeewayMs >= nbf * 1000)) {
        throw new CredentialError('oidc: token is not valid yet');
    }
    for (const [name, value] of Object.entries(requiredClaims)) {
        if (!Object.hasOwn(claims, name)) {
            throw new CredentialError(`oidc: required claim ${name} not present in ID token`);
        }
        if (claims[name] !== value) {
            throw new CredentialError(`oidc: required claim ${name} value does not match`);
        }
    }
}

function identityOf(claims: Claims, options: OidcOptions): Identity {
    const jti = claims['jti'];
    return {
        username: usernameOf(claims, options),
        uid: '',
        groups: groupsOf(claims, options),
        extra:
            typeof jti === 'string' && jti !== ''
                ? { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] }
                : {},
    };
}

function usernameOf(claims: Claims, { usernameClaim, usernamePrefix, issuer }: OidcOptions): string {
    const name = claims[usernameClaim];
    if (typeof name !== 'string' || name === '') {
        throw new CredentialError(`oidc: parse username claims "${usernameClaim}": it is no text`);
    }
    if (usernameClaim === 'email') {
        const { email_verified: isVerified } = claims as { email_verified?: unknown };
        if (isVerified !== undefined && isVerified !== true) {
            throw new CredentialError('oidc: email not verified');
        }
    }
    if (usernamePrefix === '-') return name;
    if (usernamePrefix !== '') return `${usernamePrefix}${name}`;
    return usernameClaim === 'email' ? name : `${issuer}#${name}`;
}

function groupsOf(claims: Claims, { groupsClaim, groupsPrefix }: OidcOptions): string[] {
    const value = groupsClaim === '' ? undefined : claims[groupsClaim];
    if (value === undefined || value === null) return [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.map((group) => {
        if (typeof group !== 'string') {
            throw new CredentialError(`oidc: parse groups claim "${groupsClaim}": it is no list of texts`);
        }
        return `${groupsPrefix}${group}`;
    });
}
