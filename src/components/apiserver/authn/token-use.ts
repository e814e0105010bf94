import { counter, type Metric } from '../../../store/etcd/server/http/metric.ts';

/** Where a request hears what is to be said about the token that it shows. */
export interface TokenReport {
    /** A remark for the audit log. */
    annotate(key: string, value: string): void;
    /** A sentence for the client. */
    warn(message: string): void;
    /** The token was known from before: nothing had to be looked into but its objects. */
    remembered?(): void;
}

export const silentReport: TokenReport = { annotate: () => undefined, warn: () => undefined };

const kinds = {
    valid: ['valid_tokens', 'Cumulative valid projected service account tokens used'],
    stale: ['stale_tokens', 'Cumulative stale projected service account tokens used'],
    legacy: ['legacy_tokens', 'Cumulative legacy service account tokens used'],
    legacyAuto: ['legacy_auto_token_uses', 'Cumulative auto-generated legacy tokens used'],
    legacyManual: ['legacy_manual_token_uses', 'Cumulative manually created legacy tokens used'],
    legacyInvalid: ['invalid_legacy_auto_token_uses', 'Cumulative invalid auto-generated legacy tokens used'],
} as const;

/** `valid` and `stale` are tokens with an extended life, before and after their client should have read a new one. */
export type TokenUse = keyof typeof kinds;

/** Counts uses of tokens that clients should no longer depend on. */
export class TokenUseMetrics {
    readonly #counts = new Map<TokenUse, number>();

    add(use: TokenUse): void {
        this.#counts.set(use, (this.#counts.get(use) ?? 0) + 1);
    }

    readonly source = (): Metric[] =>
        (Object.keys(kinds) as TokenUse[]).map((use) => {
            const [name, help] = kinds[use];
            return counter(`serviceaccount_${name}_total`, help, this.#counts.get(use) ?? 0);
        });
}
