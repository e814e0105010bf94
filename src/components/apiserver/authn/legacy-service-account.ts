import { createHash, timingSafeEqual } from 'node:crypto';
import type { V1Secret, V1ServiceAccount } from '../../../api/meta/object.ts';
import { secrets, serviceAccounts } from '../../../client/resource-type.ts';
import { type LegacyTokenClaims, verifyLegacyToken } from '../../../pki/legacy-service-account-token.ts';
import { type VerifyingKey } from '../../../pki/service-account-token.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { CredentialError } from './method.ts';
import { serviceAccountIdentity } from './service-account-identity.ts';

const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
/** Tokens whose signature was checked and is remembered; their objects are looked up every time. */
const verifiedTokensMax = 256;

export interface LegacyTokenOptions {
    keys: readonly VerifyingKey[];
    reader: ObjectReader;
    clock: Clock;
    /** Writes down on which day (2026-01-31) a Secret's token was used; at most once a day for each. */
    markUsed?(secret: { namespace: string; name: string }, label: { name: string; value: string }): void;
}

/** Checks tokens of Secrets: they are good as long as the Secret holds them and the account exists. */
export class LegacyServiceAccountTokens {
    readonly #options: LegacyTokenOptions;
    readonly #verified = new BoundedMap<string, LegacyTokenClaims>(verifiedTokensMax);
    /** The day that was last written down, by Secret. */
    readonly #marked = new BoundedMap<string, string>(verifiedTokensMax);

    constructor(options: LegacyTokenOptions) {
        this.#options = options;
    }

    /** Undefined when it is no such token. Throws CredentialError or TokenError when it is a bad one. */
    authenticate(token: string): Identity | undefined {
        const claims = this.#verify(token);
        if (claims === undefined) return undefined;
        const { namespace, accountName, accountUid, secretName } = claims;
        const secret = this.#options.reader.get<V1Secret>(secrets, namespace, secretName);
        if (secret === undefined) throw new CredentialError('Token has been invalidated');
        if (secret.metadata.deletionTimestamp !== undefined) {
            throw new CredentialError('Token has been invalidated');
        }
        const held = Buffer.from(secret.data?.['token'] ?? '', 'base64');
        const shown = Buffer.from(token);
        if (held.length !== shown.length || !timingSafeEqual(held, shown)) {
            throw new CredentialError("Token does not match server's copy");
        }
        this.#checkAccount(namespace, { name: accountName, uid: accountUid });
        this.#markUsed(namespace, secretName, secret.metadata.labels ?? {});
        const invalidSince = secret.metadata.labels?.[invalidSinceLabel];
        if (invalidSince !== undefined) {
            throw new CredentialError(
                `the token in secret ${namespace}/${secretName} for service account ${namespace}/${accountName} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
            );
        }
        return serviceAccountIdentity(namespace, accountName, { uid: accountUid });
    }

    #verify(token: string): LegacyTokenClaims | undefined {
        const key = createHash('sha256').update(token).digest('base64');
        const known = this.#verified.get(key);
        if (known !== undefined) return known;
        const claims = verifyLegacyToken(token, this.#options.keys);
        if (claims !== undefined) this.#verified.set(key, claims);
        return claims;
    }

    #checkAccount(namespace: string, { name, uid }: { name: string; uid: string }): void {
        const account = this.#options.reader.get<V1ServiceAccount>(serviceAccounts, namespace, name);
        if (account === undefined || account.metadata.deletionTimestamp !== undefined) {
            throw new CredentialError(`ServiceAccount ${namespace}/${name} has been deleted`);
        }
        if (account.metadata.uid !== uid) {
            throw new CredentialError(
                `ServiceAccount UID (${account.metadata.uid ?? ''}) does not match claim (${uid})`,
            );
        }
    }

    #markUsed(namespace: string, name: string, labels: Readonly<Record<string, string>>): void {
        const today = new Date(this.#options.clock.nowMs()).toISOString().slice(0, 10);
        const key = `${namespace}/${name}`;
        if (labels[lastUsedLabel] === today || this.#marked.get(key) === today) return;
        this.#marked.set(key, today);
        this.#options.markUsed?.({ namespace, name }, { name: lastUsedLabel, value: today });
    }
}
