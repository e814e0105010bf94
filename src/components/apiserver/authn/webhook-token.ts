import { createHash } from 'node:crypto';
import type { V1UserInfo } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { ExpiringMap } from '../../../util/expiring-map.ts';
import type { Identity } from '../identity.ts';
import { type AuthenticationMethod, bearerToken, CredentialError, type ReviewedToken } from './method.ts';
import type { TokenReport } from './token-use.ts';
import type { KubeconfigWebhook } from '../webhook/kubeconfig-webhook.ts';

/** Tokens whose owners are remembered. */
const ownersMax = 4_096;

export interface WebhookTokenOptions {
    client: Pick<KubeconfigWebhook, 'post'>;
    /** --authentication-token-webhook-version. */
    version: 'v1' | 'v1beta1';
    /** --authentication-token-webhook-cache-ttl, milliseconds. */
    cacheTtlMs: number;
    /** Audiences of the API server. */
    audiences: readonly string[];
    clock: Clock;
}

/** Asks a server by TokenReview whose token it is. Good answers are remembered, by hashes of token and audiences. */
export function webhookTokenMethod(options: WebhookTokenOptions): AuthenticationMethod {
    const owners = new ExpiringMap<string, ReviewedToken>(ownersMax, options.clock);
    const authenticateFor = async (
        token: string,
        audiences: readonly string[],
        report?: TokenReport,
    ): Promise<ReviewedToken | undefined> => {
        const question = JSON.stringify([token, audiences]);
        const key = createHash('sha256').update(question).digest('base64');
        const known = owners.get(key);
        if (known !== undefined) {
            report?.remembered?.();
            return known;
        }
        const owner = await askFor(token, audiences, options);
        if (owner !== undefined) owners.set(key, owner, options.cacheTtlMs);
        return owner;
    };
    return {
        name: 'webhook',
        async authenticate({ authorization, report }) {
            const token = bearerToken(authorization);
            if (token === undefined) return undefined;
            return (await authenticateFor(token, options.audiences, report))?.identity;
        },
        authenticateFor,
    };
}

async function askFor(
    token: string,
    wanted: readonly string[],
    { client, version, audiences }: WebhookTokenOptions,
): Promise<ReviewedToken | undefined> {
    const review = {
        apiVersion: `authentication.k8s.io/${version}`,
        kind: 'TokenReview',
        spec: { token, audiences: wanted },
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
    const named = status.audiences?.length ? status.audiences : audiences;
    const common = wanted.filter((audience) => named.includes(audience));
    if (common.length === 0) return undefined;
    return { identity: identityOf(status.user ?? {}), audiences: common };
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
