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

/** What is known of tokens by their hashes; begun anew with every configuration. */
interface Memory {
    owners: ExpiringMap<string, Identity>;
    /** Those that are being looked into; as many as there are requests at most. */
    asked: Map<string, Promise<Identity | undefined>>;
}

/** The issuers whose tokens are believed; they may change while the server runs. */
export class JwtAuthenticators {
    readonly #options: JwtAuthenticatorsOptions;
    readonly #metrics = new JwtMetrics();
    readonly #clock: Clock;
    #current: readonly JwtAuthenticator[] = [];
    #memory: Memory;

    /** One of them at most is a token's issuer. */
    readonly method: AuthenticationMethod = {
        name: 'oidc',
        authenticate: async ({ authorization, report }) => {
            const token = bearerToken(authorization);
            if (token === undefined || this.#current.length === 0) return undefined;
            const key = createHash('sha256').update(token).digest('base64');
            const memory = this.#memory;
            const known = memory.owners.get(key);
            if (known !== undefined) {
                report?.remembered?.();
                return known;
            }
            return await (memory.asked.get(key) ?? this.#ask(token, key, memory));
        },
    };

    constructor(options: JwtAuthenticatorsOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#memory = this.#noMemory();
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

    /** Requests that come at once with the same token wait for one answer. */
    async #ask(token: string, key: string, { owners, asked }: Memory): Promise<Identity | undefined> {
        const answer = this.#find(token);
        asked.set(key, answer);
        try {
            const identity = await answer;
            if (identity !== undefined) owners.set(key, identity, ownerLifetimeMs);
            return identity;
        } finally {
            asked.delete(key);
        }
    }

    async #find(token: string): Promise<Identity | undefined> {
        for (const authenticator of this.#current) {
            const identity = await authenticator.authenticate(token);
            if (identity !== undefined) return identity;
        }
        return undefined;
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

    #noMemory(): Memory {
        return { owners: new ExpiringMap(ownersMax, this.#clock), asked: new Map() };
    }

    #use(next: readonly JwtAuthenticator[]): void {
        this.#current = next;
        this.#memory = this.#noMemory();
        this.#metrics.keep(next.map(({ issuer }) => issuer));
    }
}
