import { jsonWebKeySet, type VerifyingKey } from '../../../pki/service-account-token.ts';
import type { NonResourceRoute } from '../extensions.ts';

/** How long clients may keep the documents. */
const cacheControl = 'public, max-age=3600';
const keysPath = '/openid/v1/jwks';

export interface IssuerDiscoveryOptions {
    /** The issuer that signs (the first --service-account-issuer). */
    issuer: string;
    /** --service-account-jwks-uri; absent: this server's own address, see `address`. */
    jwksUri?: string | undefined;
    /** "192.168.1.10:6443", for when the issuer itself does not serve the keys. */
    address(): string;
    keys: readonly VerifyingKey[];
}

/**
 * The documents by which others verify service-account tokens (OpenID Connect Discovery 1.0). None for an
 * issuer that is no https URL, as upstream has it.
 */
export function issuerDiscoveryRoutes(options: IssuerDiscoveryOptions): NonResourceRoute[] {
    const { issuer, keys } = options;
    if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') return [];
    const algorithms = [...new Set(keys.map(({ algorithm }) => algorithm))].sort();
    const keySet = Buffer.from(JSON.stringify(jsonWebKeySet(keys)));
    const document = (): Buffer =>
        Buffer.from(
            JSON.stringify({
                issuer,
                jwks_uri: options.jwksUri || `https://${options.address()}${keysPath}`,
                response_types_supported: ['id_token'],
                subject_types_supported: ['public'],
                id_token_signing_alg_values_supported: algorithms,
            }),
        );
    const headers = { 'cache-control': cacheControl };
    return [
        {
            path: '/.well-known/openid-configuration',
            handle: () => ({
                type: 'bytes',
                status: 200,
                contentType: 'application/json',
                body: document(),
                headers,
            }),
        },
        {
            path: keysPath,
            handle: () => ({
                type: 'bytes',
                status: 200,
                contentType: 'application/jwk-set+json',
                body: keySet,
                headers,
            }),
        },
    ];
}
