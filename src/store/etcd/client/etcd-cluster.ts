import { StoreError } from '../../store.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Init } from '../proto/message.ts';
import type { Method } from '../proto/methods.ts';
import { isTransient, toStoreError } from './etcd-error.ts';
import { type EtcdTls, GrpcChannel } from './grpc-channel.ts';
import { GrpcError } from './grpc-error.ts';

export interface EtcdClusterOptions {
    /** "http://…" or "https://…". */
    endpoints: readonly string[];
    tls?: EtcdTls;
    logger: Logger;
    clock: Clock;
}

/** Of one attempt; an answer may wait for an election. */
const attemptTimeoutMs = 7_000;
/** Of a request with all its attempts. */
const requestTimeoutMs = 15_000;
const retryDelayMinMs = 20;
const retryDelayMaxMs = 500;

/**
 * The members of an etcd cluster: requests go to one of them until it fails, then to the next.
 *
 * A request that changes something is repeated only when it has surely not been sent; a read also when its
 * answer was lost.
 */
export class EtcdCluster {
    readonly #options: EtcdClusterOptions;
    #at = 0;
    #channel: GrpcChannel | undefined;
    #isDraining = false;
    #isClosed = false;
    /** Called when another member is used from now on: streams should go there too. */
    onSwitch: (() => void) | undefined;

    constructor(options: EtcdClusterOptions) {
        this.#options = options;
    }

    get endpoints(): readonly string[] {
        return this.#options.endpoints;
    }

    /** The connection in use. */
    channel(): GrpcChannel {
        if (this.#channel?.hasFailed === true) this.failed(this.#channel, undefined);
        this.#channel ??= this.#connect(this.endpoints[this.#at % this.endpoints.length] ?? '');
        return this.#channel;
    }

    /** Goes on with the next endpoint, unless that was done already. */
    failed(channel: GrpcChannel, error: unknown): void {
        if (this.#channel !== channel) return;
        this.#channel = undefined;
        this.#at++;
        if (this.#isClosed) return;
        this.#options.logger.debug({ err: error, endpoint: channel.endpoint }, 'etcd member does not answer');
        channel.retire(requestTimeoutMs);
        this.onSwitch?.();
    }

    /** Rejects with StoreError. */
    async read<Request, Response>(
        method: Method<Request, Response>,
        request: Init<Request>,
    ): Promise<Response> {
        return await this.#call(method, request, isTransient);
    }

    /** Rejects with StoreError; 'timeout' and 'leaderChanged' when the outcome is unknown. */
    async write<Request, Response>(
        method: Method<Request, Response>,
        request: Init<Request>,
    ): Promise<Response> {
        return await this.#call(method, request, ({ isUnsent }) => isUnsent);
    }

    /** Asks one member, whichever is in use, on a connection of its own. */
    async ask<Request, Response>(
        endpoint: string,
        method: Method<Request, Response>,
        { request, timeoutMs }: { request: Init<Request>; timeoutMs: number },
    ): Promise<Response> {
        const channel = this.#connect(endpoint);
        try {
            return await channel.unary(method, request, timeoutMs);
        } catch (error) {
            throw toStoreError(error);
        } finally {
            channel.destroy();
        }
    }

    /** Requests under way may still be answered, but are not repeated. */
    drain(): void {
        this.#isDraining = true;
    }

    close(): void {
        this.#isClosed = true;
        this.#channel?.destroy();
        this.#channel = undefined;
    }

    async #call<Request, Response>(
        method: Method<Request, Response>,
        request: Init<Request>,
        mayRepeat: (error: GrpcError) => boolean,
    ): Promise<Response> {
        const { clock } = this.#options;
        const deadlineMs = clock.monotonicMs() + requestTimeoutMs;
        for (let attempt = 1; ; attempt++) {
            if (this.#isClosed) throw new StoreError('closed', 'the store is closed');
            const channel = this.channel();
            const leftMs = deadlineMs - clock.monotonicMs();
            try {
                return await channel.unary(method, request, Math.min(attemptTimeoutMs, leftMs));
            } catch (error) {
                if (!(error instanceof GrpcError)) throw error;
                if (isTransient(error)) this.failed(channel, error);
                const delayMs = this.#delayMs(attempt);
                const isLate = clock.monotonicMs() + delayMs >= deadlineMs;
                if (isLate || this.#isDraining || !mayRepeat(error)) throw toStoreError(error);
                await new Promise<void>((resolve) => setTimeout(resolve, delayMs));
            }
        }
    }

    /** None before every member was tried once. */
    #delayMs(attempt: number): number {
        const rounds = Math.floor(attempt / this.endpoints.length);
        return rounds === 0 ? 0 : Math.min(retryDelayMinMs * 2 ** (rounds - 1), retryDelayMaxMs);
    }

    #connect(endpoint: string): GrpcChannel {
        return new GrpcChannel(endpoint, this.#options.tls);
    }
}
