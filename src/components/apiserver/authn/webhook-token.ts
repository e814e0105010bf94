import { createHash } from 'node:crypto';
import type { V1UserInfo } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { ExpiringMap } from '../../../util/expiring-map.ts';
import type { Identity } from '../identity.ts';
import { type AuthenticationMethod, bearerToken, CredentialError } from './method.ts';
import type { WebhookClient } from './webhook-client.ts';

/** Tokens whose owners are remembered. */
const ownersMax = 4_096;

export interface WebhookTokenOptions {
    client: Pick<WebhookClient, 'post'>;
    /** --authentication-token-webhook-version. */
    version: 'v1' | 'v1beta1';
    /** --authentication-token-webhook-cache-ttl, milliseconds. */
    cacheTtlMs: number;
    /** Audiences of the API server. */
    audiences: readonly string[];
    clock: Clock;
}

/** Asks a server by TokenReview whose token it is. Good answers are remembered, by the token's hash. */
export function webhookTokenMethod(options: WebhookTokenOptions): AuthenticationMethod {
    const owners = new ExpiringMap<string, Identity>(ownersMax, options.clock);
    return {
        name: 'webhook',
        async authenticate({ authorization, report }) {
            const token = bearerToken(authorization);
            if (token === undefined) return undefined;
            const key = createHash('sha256').update(token).digest('base64');
            const known = owners.get(key);
            if (known !== undefined) {
                report?.remembered?.();
                return known;
            }
            const owner = await askFor(token, options);
            if (owner !== undefined) owners.set(key, owner, options.cacheTtlMs);
            return owner;
        },
    };
}

async function askFor(token: string, options: WebhookTokenOptions): Promise<Identity | undefined> {
    const { client, version, audiences } = options;
    const review = {
        apiVersion: `authentication.k8s.io/${version}`,
        kind: 'TokenReview',
        spec: { token, audiences },
    };
    const answer = await client.post(review).catch((error: unknown) => {
        throw new CredentialError('the webhook gave no answer', { cause: error });
    });
    const { status } = (answer ?? {}) as { status?: ReviewStatus };
    if (status?.authenticated !== true) {
        if (status?.error) throw new CredentialError(status.error);
        return undefined;
    }
    // A server that knows nothing of audiences names none: its tokens are for this API server.
    const named = status.audiences ?? [];
    if (named.length > 0 && !named.some((audience) => audiences.includes(audience))) {
        throw new CredentialError('the token is for other audiences');
    }
    return identityOf(status.user ?? {});
}

interface ReviewStatus {
    authenticated?: unknown;
    error?: string;
    user?: V1UserInfo;
    audiences?: string[];
}

function identityOf({ username, uid, groups, extra }: V1UserInfo): Identity {
    return { username: username ?? '', uid: uid ?? '', groups: groups ?? [], extra: extra ?? {} };
}
