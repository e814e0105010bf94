import https from 'node:https';
import { parseJsonWebToken } from '../../../../pki/json-web-token.ts';
import { BoundedMap } from '../../../../util/bounded-map.ts';
import { IssuerKeys } from '../issuer-keys.ts';
import { CredentialError } from '../method.ts';
import { fetchText } from './issuer-fetch.ts';
import { type Claims, type IdTokenRules, issuerOf, verifyIdToken } from './id-token.ts';

/** Of the token with the claim: lists of groups are long where they do not fit into the first one. */
const tokenBytesMax = 256 * 1024;
/** Issuers of such tokens whose keys are kept. */
const issuersMax = 16;

export interface DistributedClaimsOptions extends IdTokenRules {
    /** The claim that may be elsewhere. */
    claim: string;
    /** PEM bundle for the servers that have it; absent: the system's authorities. */
    ca: string | undefined;
}

/**
 * Claims that a token does not hold itself, but names a server for (OpenID Connect Core 1.0, 5.6.2):
 *
 *     "_claim_names": { "groups": "src1" },
 *     "_claim_sources": { "src1": { "endpoint": "https://…", "access_token": "…" } }
 *
 * The server answers with a token of its own that holds the claim; who has issued that is found out as for the first.
 */
export class DistributedClaims {
    readonly #options: DistributedClaimsOptions;
    readonly #agent: https.Agent;
    readonly #issuers = new BoundedMap<string, IssuerKeys>(issuersMax);

    constructor(options: DistributedClaimsOptions) {
        this.#options = options;
        const { ca } = options;
        this.#agent = new https.Agent({ keepAlive: false, ...(ca === undefined ? {} : { ca }) });
    }

    /** The claims with the one that is elsewhere. Rejects with a CredentialError where it cannot be had. */
    async expand(claims: Claims): Promise<Claims> {
        const { claim } = this.#options;
        if (Object.hasOwn(claims, claim)) return claims;
        const source = sourceOf(claims, claim);
        if (source === undefined) return claims;
        try {
            return { ...claims, [claim]: await this.#resolve(source) };
        } catch (error) {
            throw new CredentialError('oidc: could not expand distributed claims', { cause: error });
        }
    }

    async #resolve({ endpoint, accessToken }: Source): Promise<unknown> {
        const { claim, ca, clock } = this.#options;
        const text = await fetchText(endpoint, {
            agent: this.#agent,
            bytesMax: tokenBytesMax,
            ...(accessToken === '' ? {} : { accessToken }),
        });
        const token = parseJsonWebToken(text.trim(), tokenBytesMax);
        const issuer = token === undefined ? undefined : issuerOf(token);
        if (token === undefined || typeof issuer !== 'string') {
            throw new Error(`getting untrusted issuer from endpoint ${endpoint} failed for claim "${claim}"`);
        }
        let keys = this.#issuers.get(issuer);
        if (keys === undefined) this.#issuers.set(issuer, (keys = new IssuerKeys({ issuer, ca, clock })));
        await verifyIdToken(token, keys, this.#options);
        if (!Object.hasOwn(token.claims, claim)) {
            throw new Error(
                `jwt returned by distributed claim endpoint "${endpoint}" did not contain claim: ${claim}`,
            );
        }
        return token.claims[claim];
    }
}

interface Source {
    endpoint: string;
    /** Empty: none. */
    accessToken: string;
}

/** Undefined where the claim is nowhere else, or is contained in the token as a token of its own (not supported). */
function sourceOf(claims: Claims, claim: string): Source | undefined {
    const { _claim_names: names, _claim_sources: sources } = claims;
    if (names === undefined) return undefined;
    const named = recordOf(names, 'oidc: error parsing distributed claim names');
    if (sources === undefined) throw new CredentialError('oidc: no claim sources');
    const known = recordOf(sources, 'oidc: could not parse claim sources');
    const name = Object.hasOwn(named, claim) ? named[claim] : undefined;
    if (name === undefined) return undefined;
    if (typeof name !== 'string') throw new CredentialError('oidc: error parsing distributed claim names');
    if (!Object.hasOwn(known, name)) {
        throw new CredentialError(
            `id token _claim_names contained a source ${name} missing in _claims_sources`,
        );
    }
    const source = recordOf(known[name], 'oidc: could not parse claim sources');
    const { endpoint = '', access_token: accessToken = '' } = source;
    if (typeof endpoint !== 'string' || typeof accessToken !== 'string') {
        throw new CredentialError('oidc: could not parse claim sources');
    }
    return endpoint === '' ? undefined : { endpoint, accessToken };
}

function recordOf(value: unknown, why: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CredentialError(why);
    return value as Record<string, unknown>;
}
