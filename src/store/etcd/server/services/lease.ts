import { methods } from '../../proto/methods.ts';
import { StoreError } from '../../../store.ts';
import type { EtcdContext } from '../context.ts';
import { etcdError } from '../errors.ts';
import { decodeRequest, encodeResponse, unaryHandler, type HandlerOptions } from '../grpc/handlers.ts';
import { admitStream } from '../grpc/admit-stream.ts';
import type { CallHandler, CallListener, ServerCall } from '../grpc/server-call.ts';
import { GrpcError } from '../grpc/status.ts';

const ttlSecondsMax = 9_000_000_000;
/** Keep-alives of one stream that are under way; more end the stream. */
const keepAlivesPendingMax = 10_000;

/** The service Lease: keys that vanish when nobody renews them. */
export function leaseHandlers(context: EtcdContext, options: HandlerOptions): [string, CallHandler][] {
    return [
        [methods.leaseGrant.path, grantHandler(context, options)],
        [methods.leaseRevoke.path, revokeHandler(context, options)],
        [methods.leaseTimeToLive.path, timeToLiveHandler(context, options)],
        [methods.leaseLeases.path, leasesHandler(context, options)],
        [methods.leaseKeepAlive.path, keepAliveHandler(context, options)],
    ];
}

function grantHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    return unaryHandler(methods.leaseGrant, options, async ({ id, ttl }) => {
        if (ttl > ttlSecondsMax) throw etcdError('leaseTtlTooLarge');
        if (!Number.isSafeInteger(id) || id < 0) {
            throw new GrpcError('invalidArgument', 'etcdserver: a lease ID must be positive and below 2^53');
        }
        const granted = await context.store.leases.grant({ id, ttlSeconds: ttl });
        return { header: context.header(), id: granted.id, ttl: granted.ttlSeconds };
    });
}

function revokeHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    return unaryHandler(methods.leaseRevoke, options, async ({ id }) => {
        const { revision } = await context.store.leases.revoke(id);
        return { header: context.header(revision) };
    });
}

function timeToLiveHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    return unaryHandler(methods.leaseTimeToLive, options, async ({ id, keys }) => {
        const lease = await context.store.leases.timeToLive(id, { keys });
        return {
            header: context.header(),
            id,
            ttl: lease.ttlSeconds,
            grantedTtl: lease.grantedTtlSeconds,
            keys: keys ? lease.keys : [],
        };
    });
}

function leasesHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    return unaryHandler(methods.leaseLeases, options, async () => {
        const ids = await context.store.leases.list();
        return { header: context.header(), leases: ids.map((id) => ({ id })) };
    });
}

function keepAliveHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { path } = methods.leaseKeepAlive;
    return (call) => {
        options.observer.started(path);
        call.listener = new KeepAliveStream(context, call, options);
    };
}

/** Answers one after the other; a lease that is gone has a TTL of 0. */
class KeepAliveStream implements CallListener {
    readonly #context: EtcdContext;
    readonly #call: ServerCall;
    readonly #options: HandlerOptions;
    #state: 'open' | 'halfClosed' | 'closed' = 'open';
    #pending = 0;
    #stopLeaderWatch: (() => void) | undefined;

    constructor(context: EtcdContext, call: ServerCall, options: HandlerOptions) {
        this.#context = context;
        this.#call = call;
        this.#options = options;
        this.#stopLeaderWatch = admitStream(context, call, {
            options,
            end: (error) => {
                this.#end(error);
            },
        });
    }

    onMessage(message: Buffer): void {
        if (this.#state !== 'open') return;
        if (this.#pending >= keepAlivesPendingMax) {
            this.#end(new GrpcError('resourceExhausted', 'etcdserver: too many requests'));
            return;
        }
        this.#pending += 1;
        this.#answer(message)
            .catch((error: unknown) => {
                this.#end(this.#options.toStatus(error));
            })
            .finally(() => {
                this.#pending -= 1;
                if (this.#state === 'halfClosed' && this.#pending === 0) this.#end(undefined);
            });
    }

    onHalfClose(): void {
        if (this.#pending === 0) this.#end(undefined);
        else if (this.#state === 'open') this.#state = 'halfClosed';
    }

    onCancel(): void {
        this.#close(new GrpcError('cancelled', 'context canceled'));
    }

    onDrain(): void {
        // Answers are few and small, one per request.
    }

    async #answer(message: Buffer): Promise<void> {
        const { id } = decodeRequest(methods.leaseKeepAlive, message);
        const ttl = await this.#renew(id);
        if (this.#state === 'closed') return;
        this.#call.send(encodeResponse(methods.leaseKeepAlive, { header: this.#context.header(), id, ttl }));
    }

    async #renew(id: number): Promise<number> {
        try {
            return await this.#context.store.leases.keepAlive(id);
        } catch (error) {
            if (error instanceof StoreError && error.reason === 'leaseNotFound') return 0;
            throw error;
        }
    }

    #end(error: GrpcError | undefined): void {
        if (this.#state === 'closed') return;
        this.#close(error);
        this.#call.end(undefined, error);
    }

    #close(error: GrpcError | undefined): void {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#stopLeaderWatch?.();
        this.#options.observer.ended(methods.leaseKeepAlive.path, error);
    }
}
