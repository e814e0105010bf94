import {
    parseJsonWebToken,
    type SignatureAlgorithm,
    signatureAlgorithms,
} from '../../../../pki/json-web-token.ts';
import type { Clock } from '../../../../util/clock.ts';
import type { Identity } from '../../identity.ts';
import type { JwtConfiguration } from '../config/configuration.ts';
import type { Expressions } from '../config/expressions.ts';
import { IssuerKeys } from '../issuer-keys.ts';
import { ClaimMapper } from './claim-mapper.ts';
import { DistributedClaims } from './distributed-claims.ts';
import { type IdTokenRules, issuerOf, verifyIdToken } from './id-token.ts';
import type { JwtMetrics } from './jwt-metrics.ts';

export interface JwtAuthenticatorOptions {
    /** One that was found to be valid. */
    configuration: JwtConfiguration;
    /** Absent: all that are known. */
    algorithms?: readonly SignatureAlgorithm[];
    /** There where the configuration has expressions. */
    expressions: Pick<Expressions, 'compiler'> | undefined;
    clock: Clock;
    metrics: JwtMetrics;
}

/** Tokens of one issuer. */
export class JwtAuthenticator {
    readonly #issuer: string;
    readonly #rules: IdTokenRules;
    readonly #keys: IssuerKeys;
    readonly #distributed: DistributedClaims | undefined;
    readonly #mapper: ClaimMapper;
    readonly #metrics: JwtMetrics;

    constructor({ configuration, algorithms, expressions, clock, metrics }: JwtAuthenticatorOptions) {
        const { url, discoveryURL, certificateAuthority, audiences } = configuration.issuer;
        const ca = certificateAuthority === '' ? undefined : certificateAuthority;
        this.#issuer = url;
        this.#rules = { algorithms: algorithms ?? signatureAlgorithms, audiences, clock };
        this.#keys = new IssuerKeys({
            issuer: url,
            discoveryUrl: discoveryURL === '' ? undefined : discoveryURL,
            ca,
            clock,
            onFetch: (keys) => {
                metrics.fetched(url, keys, clock.nowMs());
            },
        });
        const { claim } = configuration.claimMappings.groups;
        this.#distributed = claim === '' ? undefined : new DistributedClaims({ ...this.#rules, claim, ca });
        this.#mapper = new ClaimMapper(configuration, expressions);
        this.#metrics = metrics;
    }

    get issuer(): string {
        return this.#issuer;
    }

    /** Resolves once the keys of the issuer are known; rejects when it gives none. */
    async prepare(): Promise<void> {
        await this.#keys.refresh();
    }

    /** Undefined for what is no token of this issuer. Rejects with a CredentialError for a bad one. */
    async authenticate(text: string): Promise<Identity | undefined> {
        const token = parseJsonWebToken(text);
        if (token === undefined || issuerOf(token) !== this.#issuer) return undefined;
        return await this.#metrics.measured(this.#issuer, async () => {
            await verifyIdToken(token, this.#keys, this.#rules);
            const claims = (await this.#distributed?.expand(token.claims)) ?? token.claims;
            return this.#mapper.identityOf(claims);
        });
    }
}
