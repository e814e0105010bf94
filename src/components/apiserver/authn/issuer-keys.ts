import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import https from 'node:https';
import type { Clock } from '../../../util/clock.ts';
import { fetchText } from './jwt/issuer-fetch.ts';

const documentBytesMax = 1024 * 1024;
const keysMax = 100;
/** Keys are fetched again at the earliest after this, however many tokens name unknown ones. */
const refetchIntervalMs = 10_000;

export interface IssuerKey {
    id: string | undefined;
    key: KeyObject;
}

export interface IssuerKeysOptions {
    /** "https://accounts.example.com". */
    issuer: string;
    /** Where the discovery document is; absent: below the issuer. */
    discoveryUrl?: string | undefined;
    /** PEM bundle; absent: the system's authorities. */
    ca?: string | undefined;
    clock: Clock;
    /** Told of every fetch: the text of the keys, undefined when there was none. */
    onFetch?: (keys: string | undefined) => void;
}

/**
 * The keys of an OpenID Connect issuer, found through its discovery document. They are fetched when the first
 * token comes, and again when one is signed by none of them, because issuers rotate their keys.
 */
export class IssuerKeys {
    readonly #options: IssuerKeysOptions;
    readonly #agent: https.Agent;
    #keys: readonly IssuerKey[] = [];
    #fetchedAtMs = Number.NEGATIVE_INFINITY;
    #fetching: Promise<void> | undefined;
    #failure: Error | undefined;

    constructor(options: IssuerKeysOptions) {
        this.#options = options;
        const { ca } = options;
        this.#agent = new https.Agent({ keepAlive: false, ...(ca === undefined ? {} : { ca }) });
    }

    /** The keys that are known, without asking the issuer. */
    get known(): readonly IssuerKey[] {
        return this.#keys;
    }

    /** Asks the issuer again, unless that was done a moment ago. Throws when it has not answered. */
    async refresh(): Promise<readonly IssuerKey[]> {
        const isFresh = this.#options.clock.monotonicMs() - this.#fetchedAtMs < refetchIntervalMs;
        if (this.#fetching === undefined && !isFresh) {
            this.#fetching = this.#fetch().finally(() => {
                this.#fetching = undefined;
            });
        }
        await this.#fetching;
        if (this.#failure !== undefined && this.#keys.length === 0) throw this.#failure;
        return this.#keys;
    }

    async #fetch(): Promise<void> {
        try {
            const { issuer, discoveryUrl } = this.#options;
            const [discovery] = await this.#document(
                discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
            );
            if (discovery['issuer'] !== issuer)
                throw new Error('the discovery document is of another issuer');
            const keysUrl = discovery['jwks_uri'];
            if (typeof keysUrl !== 'string') throw new Error('the discovery document names no jwks_uri');
            const [keys, text] = await this.#document(keysUrl);
            this.#keys = readKeys(keys);
            this.#failure = undefined;
            this.#options.onFetch?.(text);
        } catch (error) {
            this.#failure = new Error("the issuer's keys cannot be read", { cause: error });
            this.#options.onFetch?.(undefined);
        } finally {
            this.#fetchedAtMs = this.#options.clock.monotonicMs();
        }
    }

    async #document(address: string): Promise<[document: Record<string, unknown>, text: string]> {
        const text = await fetchText(address, { agent: this.#agent, bytesMax: documentBytesMax });
        const value = JSON.parse(text) as unknown;
        if (typeof value !== 'object' || value === null) throw new Error('the document is not a JSON object');
        return [value as Record<string, unknown>, text];
    }
}

/** Keys for other uses, or of kinds that are not known, are passed over. */
function readKeys(document: Record<string, unknown>): IssuerKey[] {
    const list: unknown[] = Array.isArray(document['keys']) ? document['keys'].slice(0, keysMax) : [];
    return list.flatMap((entry): IssuerKey[] => {
        const jwk = entry as JsonWebKey & { kid?: unknown; use?: unknown };
        if (jwk.use !== undefined && jwk.use !== 'sig') return [];
        if (jwk.kty !== 'RSA' && jwk.kty !== 'EC') return [];
        try {
            const key = createPublicKey({ key: jwk, format: 'jwk' });
            return [{ id: typeof jwk.kid === 'string' ? jwk.kid : undefined, key }];
        } catch {
            return [];
        }
    });
}
