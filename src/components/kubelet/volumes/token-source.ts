import type { AuthenticationV1TokenRequest } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import { serviceAccounts } from '../../../client/resource-type.ts';
import type { Clock } from '../../../util/clock.ts';

export interface TokenWish {
    namespace: string;
    serviceAccount: string;
    /** Empty: the API server's own. */
    audience: string;
    expirationSeconds: number;
    pod: { name: string; uid: string };
}

export interface Token {
    token: string;
    /** Wall-clock time at which a new one should be fetched. */
    refreshAtMs: number;
}

export interface TokenSource {
    /** A token that is bound to the pod, from the cache while it is fresh enough. */
    token(wish: TokenWish): Promise<Token>;
    /** Forgets the tokens of a pod. */
    forget(podUid: string): void;
}

/** Tokens are renewed after this share of their life, and after a day at the latest, as upstream. */
const refreshShare = 0.8;
const ageMaxMs = 24 * 3600 * 1000;
/** A failed renewal is tried again after this, while the old token is still good. */
const retryMs = 30_000;

interface CachedToken extends Token {
    expiresAtMs: number;
    podUid: string;
}

/** Fetches service-account tokens through the TokenRequest API. */
export class TokenRequests implements TokenSource {
    readonly #client: Client;
    readonly #clock: Clock;
    readonly #tokens = new Map<string, CachedToken>();

    constructor(client: Client, clock: Clock) {
        this.#client = client;
        this.#clock = clock;
    }

    async token(wish: TokenWish): Promise<Token> {
        const key = JSON.stringify(wish);
        const cached = this.#tokens.get(key);
        const now = this.#clock.nowMs();
        if (cached !== undefined && now < cached.refreshAtMs) return cached;
        try {
            const fresh = await this.#request(wish, now);
            this.#tokens.set(key, fresh);
            return fresh;
        } catch (error) {
            if (cached === undefined || now >= cached.expiresAtMs)
                throw new Error(
                    `failed to fetch token: ${error instanceof Error ? error.message : String(error)}`,
                    { cause: error },
                );
            cached.refreshAtMs = now + retryMs;
            return cached;
        }
    }

    forget(podUid: string): void {
        for (const [key, token] of this.#tokens) if (token.podUid === podUid) this.#tokens.delete(key);
    }

    async #request(wish: TokenWish, nowMs: number): Promise<CachedToken> {
        const body: AuthenticationV1TokenRequest = {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
                audiences: wish.audience === '' ? [] : [wish.audience],
                expirationSeconds: wish.expirationSeconds,
                boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: wish.pod.name, uid: wish.pod.uid },
            },
        };
        const answer = (await this.#client
            .resource(serviceAccounts)
            .createSubresource(
                { namespace: wish.namespace, name: wish.serviceAccount },
                'token',
                body,
            )) as AuthenticationV1TokenRequest;
        const { token, expirationTimestamp } = answer.status ?? {};
        if (!token || !expirationTimestamp) throw new Error('the API server answered without a token');
        const expiresAtMs = Date.parse(expirationTimestamp);
        const refreshAtMs = nowMs + Math.min((expiresAtMs - nowMs) * refreshShare, ageMaxMs);
        return { token, refreshAtMs, expiresAtMs, podUid: wish.pod.uid };
    }
}

/** For a kubelet without API server. */
export const noTokens: TokenSource = {
    async token() {
        return await Promise.reject(new Error('service account tokens need an API server'));
    },
    forget: () => undefined,
};
