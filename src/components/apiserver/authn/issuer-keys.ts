import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import https from 'node:https';
import type { Clock } from '../../../util/clock.ts';

const documentBytesMax = 1024 * 1024;
const fetchTimeoutMs = 30_000;
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
    /** PEM bundle; absent: the system's authorities. */
    ca?: string | undefined;
    clock: Clock;
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
            const { issuer } = this.#options;
            const discovery = await this.#document(
                `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
            );
            if (discovery['issuer'] !== issuer)
                throw new Error('the discovery document is of another issuer');
            const keysUrl = discovery['jwks_uri'];
            if (typeof keysUrl !== 'string') throw new Error('the discovery document names no jwks_uri');
            this.#keys = readKeys(await this.#document(keysUrl));
            this.#failure = undefined;
        } catch (error) {
            this.#failure = new Error("the issuer's keys cannot be read", { cause: error });
        } finally {
            this.#fetchedAtMs = this.#options.clock.monotonicMs();
        }
    }

    async #document(address: string): Promise<Record<string, unknown>> {
        const url = new URL(address);
        if (url.protocol !== 'https:') throw new Error(`${address} is not reached over https`);
        const signal = AbortSignal.timeout(fetchTimeoutMs);
        return await new Promise((resolve, reject) => {
            const call = https.get(url, { agent: this.#agent, signal }, (response) => {
                if (response.statusCode !== 200) {
                    response.resume();
                    reject(new Error(`${address} answered ${response.statusCode ?? 0}`));
                    return;
                }
                readJson(response).then(resolve, reject);
            });
            call.on('error', reject);
        });
    }
}

async function readJson(stream: AsyncIterable<Buffer>): Promise<Record<string, unknown>> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream) {
        size += chunk.length;
        if (size > documentBytesMax) throw new Error(`the document is larger than ${documentBytesMax} bytes`);
        chunks.push(chunk);
    }
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    if (typeof value !== 'object' || value === null) throw new Error('the document is not a JSON object');
    return value as Record<string, unknown>;
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
