import { createHash } from 'node:crypto';
import type { Metric } from '../../../../store/etcd/server/http/metric.ts';
import type { CelCompiler } from '../../../../api/cel/cel.ts';
import type { SignatureAlgorithm } from '../../../../pki/json-web-token.ts';
import { type Clock, systemClock } from '../../../../util/clock.ts';
import { ExpiringMap } from '../../../../util/expiring-map.ts';
import type { Identity } from '../../identity.ts';
import type { JwtConfiguration } from '../config/configuration.ts';
import { hasExpressions } from '../config/expressions.ts';
import { type AuthenticationMethod, bearerToken } from '../method.ts';
import { JwtAuthenticator } from './jwt-authenticator.ts';
import { JwtMetrics } from './jwt-metrics.ts';

/** Tokens whose owners are remembered, and for how long: claims may be elsewhere. */
const ownersMax = 1024;
const ownerLifetimeMs = 10_000;

export interface JwtAuthenticatorsOptions {
    loadCompiler: () => Promise<CelCompiler>;
    /** Absent: all that are known. */
    algorithms?: readonly SignatureAlgorithm[];
    clock?: Clock;
}

/** The issuers whose tokens are believed; they may change while the server runs. */
export class JwtAuthenticators {
    readonly #options: JwtAuthenticatorsOptions;
    readonly #metrics = new JwtMetrics();
    readonly #clock: Clock;
    #current: readonly JwtAuthenticator[] = [];
    /** By the hashes of their tokens; begun anew with every configuration. */
    #owners: ExpiringMap<string, Identity>;

    /** One of them at most is a token's issuer. */
    readonly method: AuthenticationMethod = {
        name: 'oidc',
        authenticate: async ({ authorization, report }) => {
            const token = bearerToken(authorization);
            if (token === undefined || this.#current.length === 0) return undefined;
            const key = createHash('sha256').update(token).digest('base64');
            const owners = this.#owners;
            const known = owners.get(key);
            if (known !== undefined) {
                report?.remembered?.();
                return known;
            }
            for (const authenticator of this.#current) {
                const identity = await authenticator.authenticate(token);
                if (identity === undefined) continue;
                owners.set(key, identity, ownerLifetimeMs);
                return identity;
            }
            return undefined;
        },
    };

    constructor(options: JwtAuthenticatorsOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#owners = this.#noOwners();
    }

    /** Believes these from now on, which were found to be valid; their keys are asked for with the first token. */
    async configure(configurations: readonly JwtConfiguration[]): Promise<void> {
        this.#use(await this.#make(configurations));
    }

    /** The same once all of them have given their keys; rejects when one does not, and nothing has changed then. */
    async reconfigure(configurations: readonly JwtConfiguration[]): Promise<void> {
        const next = await this.#make(configurations);
        await Promise.all(
            next.map(async (authenticator) => {
                await authenticator.prepare();
            }),
        );
        this.#use(next);
    }

    metrics(): Metric[] {
        return this.#metrics.metrics();
    }

    async #make(configurations: readonly JwtConfiguration[]): Promise<JwtAuthenticator[]> {
        const { loadCompiler, algorithms } = this.#options;
        const expressions = hasExpressions(configurations) ? { compiler: await loadCompiler() } : undefined;
        return configurations.map(
            (configuration) =>
                new JwtAuthenticator({
                    configuration,
                    ...(algorithms === undefined ? {} : { algorithms }),
                    expressions,
                    clock: this.#clock,
                    metrics: this.#metrics,
                }),
        );
    }

    #noOwners(): ExpiringMap<string, Identity> {
        return new ExpiringMap(ownersMax, this.#clock);
    }

    #use(next: readonly JwtAuthenticator[]): void {
        this.#current = next;
        this.#owners = this.#noOwners();
        this.#metrics.keep(next.map(({ issuer }) => issuer));
    }
}
