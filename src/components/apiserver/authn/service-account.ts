import { createHash } from 'node:crypto';
import type { V1Node, V1Pod, V1Secret, V1ServiceAccount } from '../../../api/meta/object.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../../client/resource-type.ts';
import {
    checkClaims,
    type TokenClaims,
    TokenError,
    type VerifyingKey,
    verifyToken,
} from '../../../pki/service-account-token.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { LegacyServiceAccountTokens, type LegacyTokenOptions } from './legacy-service-account.ts';
import { type AuthenticationMethod, bearerToken, CredentialError } from './method.ts';
import { serviceAccountIdentity } from './service-account-identity.ts';
import { silentReport, type TokenReport, TokenUseMetrics } from './token-use.ts';

export { serviceAccountIdentity };

/** Tokens whose signature was checked and is remembered; their objects are looked up every time. */
const verifiedTokensMax = 1024;
/** How long objects that are being deleted still vouch for tokens, beyond their grace period. */
const deletionLeewayMs = 60_000;

export interface ServiceAccountOptions {
    keys: readonly VerifyingKey[];
    /** Accepted issuers, the first is the one that signs. */
    issuers: readonly string[];
    /** Audiences of the API server itself. */
    audiences: readonly string[];
    reader: ObjectReader;
    clock: Clock;
    /** Absent: how often tokens of Secrets are used is not written down. */
    markUsed?: LegacyTokenOptions['markUsed'];
    /** Where uses of tokens are counted that clients should no longer depend on. */
    metrics?: TokenUseMetrics;
}

/** Checks service-account tokens: signature, times, audience, and that all they are bound to still exists. */
export class ServiceAccountTokens {
    readonly #options: ServiceAccountOptions;
    readonly #verified = new BoundedMap<string, TokenClaims>(verifiedTokensMax);
    readonly #legacy: LegacyServiceAccountTokens;
    readonly #metrics: TokenUseMetrics;

    constructor(options: ServiceAccountOptions) {
        this.#options = options;
        const { keys, reader, clock, markUsed } = options;
        this.#metrics = options.metrics ?? new TokenUseMetrics();
        this.#legacy = new LegacyServiceAccountTokens({
            keys,
            reader,
            clock,
            metrics: this.#metrics,
            ...(markUsed === undefined ? {} : { markUsed }),
        });
    }

    /** Undefined when it is no token of these issuers. Throws CredentialError when it is a bad one. */
    authenticate(
        token: string,
        audiences: readonly string[] = this.#options.audiences,
        report: TokenReport = silentReport,
    ): { identity: Identity; audiences: string[] } | undefined {
        try {
            const claims = this.#verify(token, report);
            if (claims === undefined) return this.#authenticateLegacy(token, audiences, report);
            const nowMs = this.#options.clock.nowMs();
            const common = checkClaims(claims, { nowMs, audiences });
            this.#checkObjects(claims, nowMs);
            this.#reportAge(claims, nowMs, report);
            return { identity: this.#identity(claims), audiences: common };
        } catch (error) {
            if (error instanceof TokenError) throw new CredentialError(error.message, { cause: error });
            throw error;
        }
    }

    /** A Secret's token has no audience: it is meant for the API server. */
    #authenticateLegacy(
        token: string,
        audiences: readonly string[],
        report: TokenReport,
    ): { identity: Identity; audiences: string[] } | undefined {
        const identity = this.#legacy.authenticate(token, report);
        if (identity === undefined) return undefined;
        const common = audiences.filter((audience) => this.#options.audiences.includes(audience));
        if (common.length === 0) {
            throw new CredentialError(
                `token audiences ${JSON.stringify(this.#options.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
            );
        }
        return { identity, audiences: common };
    }

    #verify(token: string, report: TokenReport): TokenClaims | undefined {
        const key = createHash('sha256').update(token).digest('base64');
        const known = this.#verified.get(key);
        if (known !== undefined) {
            report.remembered?.();
            return known;
        }
        const claims = verifyToken(token, this.#options);
        if (claims !== undefined) this.#verified.set(key, claims);
        return claims;
    }

    #checkObjects(claims: TokenClaims, nowMs: number): void {
        const { reader } = this.#options;
        const { namespace, serviceaccount, pod, secret } = claims['kubernetes.io'];
        const account = reader.get<V1ServiceAccount>(serviceAccounts, namespace, serviceaccount.name);
        requireSame('service account', account, { uid: serviceaccount.uid, nowMs });
        if (pod !== undefined) {
            requireSame('pod', reader.get<V1Pod>(pods, namespace, pod.name), { uid: pod.uid, nowMs });
        }
        if (secret !== undefined) {
            const found = reader.get<V1Secret>(secrets, namespace, secret.name);
            requireSame('secret', found, { uid: secret.uid, nowMs });
        }
        this.#checkNode(claims, nowMs);
    }

    /** A node that is not the token's pod's is what the token was bound to itself, and must exist. */
    #checkNode(claims: TokenClaims, nowMs: number): void {
        const { node, pod } = claims['kubernetes.io'];
        if (node?.uid === undefined || pod !== undefined) return;
        const found = this.#options.reader.get<V1Node>(nodes, '', node.name);
        requireSame('node', found, { uid: node.uid, nowMs });
    }

    /** A token with an extended life is stale once its client should have read the next one. */
    #reportAge(
        { sub, 'kubernetes.io': { warnafter } }: TokenClaims,
        nowMs: number,
        report: TokenReport,
    ): void {
        if (warnafter === undefined) return;
        const lateSeconds = Math.floor(nowMs / 1000) - warnafter;
        this.#metrics.add(nowMs > warnafter * 1000 ? 'stale' : 'valid');
        if (nowMs <= warnafter * 1000) return;
        const value = `subject: ${sub}, seconds after warning threshold: ${lateSeconds}`;
        report.annotate('authentication.k8s.io/stale-token', value);
    }

    #identity(claims: TokenClaims): Identity {
        const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
        const extra: Record<string, string[]> = {};
        const prefix = 'authentication.kubernetes.io/';
        if (claims.jti !== '') extra[`${prefix}credential-id`] = [`JTI=${claims.jti}`];
        if (pod !== undefined) {
            extra[`${prefix}pod-name`] = [pod.name];
            extra[`${prefix}pod-uid`] = [pod.uid];
        }
        if (node !== undefined) {
            extra[`${prefix}node-name`] = [node.name];
            if (node.uid !== undefined) extra[`${prefix}node-uid`] = [node.uid];
        }
        return serviceAccountIdentity(namespace, serviceaccount.name, { uid: serviceaccount.uid, extra });
    }
}

export function serviceAccountMethod(tokens: ServiceAccountTokens): AuthenticationMethod {
    return {
        name: 'service-account',
        authenticate({ authorization, report }) {
            const token = bearerToken(authorization);
            return token === undefined ? undefined : tokens.authenticate(token, undefined, report)?.identity;
        },
        authenticateFor: (token, audiences, report) => tokens.authenticate(token, audiences, report),
    };
}

function requireSame(
    what: string,
    object: V1Pod | V1Secret | V1ServiceAccount | V1Node | undefined,
    { uid, nowMs }: { uid: string; nowMs: number },
): void {
    if (object === undefined) throw new CredentialError(`the ${what} of the token does not exist`);
    if (object.metadata?.uid !== uid) {
        throw new CredentialError(`the ${what} of the token was deleted and created again`);
    }
    const deletedAt = object.metadata.deletionTimestamp;
    if (deletedAt !== undefined && nowMs > Date.parse(deletedAt) + deletionLeewayMs) {
        throw new CredentialError(`the ${what} of the token has been deleted`);
    }
}
