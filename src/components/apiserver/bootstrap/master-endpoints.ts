import type { V1EndpointSlice, V1Endpoints } from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { endpoints, endpointSlices, type ResourceType } from '../../../client/resource-type.ts';
import { prefixEnd, StoreError, type Store, type StoreWatch } from '../../../store/store.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';

export interface MasterEndpointsOptions {
    store: Store;
    /** As system:apiserver. */
    client: Client;
    /** Where pods reach this API server. */
    advertiseAddress: string;
    securePort: number;
    logger: Logger;
    clock: Clock;
}

/** Upstream's lease reconciler: a master that has not been heard of for so long is no endpoint any more. */
const masterLeaseSeconds = 15;
const keepAliveMs = 5_000;
const retryMs = 1_000;
/** Without a quorum nothing can be written; the lease expires by itself. */
const farewellMaxMs = 1_000;
const masterLeases = '/registry/masterleases/';
const metadata = { name: 'kubernetes', namespace: 'default' };

/**
 * Keeps the endpoints of the Service `kubernetes` equal to the API servers that run. Each has a key of its
 * own, attached to a lease of the store that it keeps alive, which costs no disk write; all watch these
 * keys, and who sees a change first writes it down.
 */
export class MasterEndpoints implements Stoppable {
    readonly #options: MasterEndpointsOptions;
    #lease = 0;
    #watch: StoreWatch | undefined;
    #cancelTimer: () => void = () => undefined;
    #running: Promise<void> | undefined;
    #again = false;
    #state: 'running' | 'stopped' = 'running';

    constructor(options: MasterEndpointsOptions) {
        this.#options = options;
    }

    /**
     * Resolves when this server is an endpoint, or when its address cannot be one: a server that is reached over
     * loopback alone serves all the same, as upstream's does.
     */
    async start(): Promise<void> {
        await this.#announce();
        this.#follow();
        try {
            await this.#reconcileOnce();
        } catch (error) {
            if (!isReason(error, 'Invalid')) throw error;
            this.#options.logger.warn({ err: error }, 'this address cannot be an endpoint');
        }
        this.#keepAliveLater(keepAliveMs);
    }

    /** Takes this server out of the endpoints, so that nobody waits for it. */
    async stop(): Promise<void> {
        this.#state = 'stopped';
        this.#cancelTimer();
        this.#watch?.cancel();
        await this.#running;
        const { store, clock } = this.#options;
        let cancel = (): void => undefined;
        const tooLong = new Promise<void>((resolve) => {
            cancel = clock.setTimer(farewellMaxMs, resolve);
        });
        const farewell = store.leases.revoke(this.#lease).catch(() => undefined);
        await Promise.race([farewell, tooLong]);
        cancel();
    }

    async #announce(): Promise<void> {
        const { store, advertiseAddress, securePort } = this.#options;
        const { id } = await store.leases.grant({ id: 0, ttlSeconds: masterLeaseSeconds });
        const value = Buffer.from(JSON.stringify({ ip: advertiseAddress, port: securePort }));
        await store.txn({
            compares: [],
            success: [{ type: 'put', key: masterLeases + advertiseAddress, value, lease: id }],
            failure: [],
        });
        this.#lease = id;
    }

    #follow(): void {
        const range = { key: masterLeases, end: prefixEnd(masterLeases) };
        this.#watch = this.#options.store.watch(
            { ...range, startRevision: 0 },
            () => {
                this.#reconcile();
            },
            (error) => {
                if (this.#state === 'stopped' || error.reason === 'closed') return;
                this.#follow();
                this.#reconcile();
            },
        );
    }

    #keepAliveLater(delayMs: number): void {
        if (this.#state === 'stopped') return;
        this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
            void this.#keepAlive();
        });
    }

    async #keepAlive(): Promise<void> {
        try {
            await this.#options.store.leases.keepAlive(this.#lease);
            this.#keepAliveLater(keepAliveMs);
        } catch (error) {
            if (this.#state === 'stopped') return;
            if (error instanceof StoreError && error.reason === 'leaseNotFound') {
                // This server was away for too long; the others took it out.
                await this.#announce().catch(() => undefined);
            } else {
                this.#options.logger.debug({ err: error }, 'cannot say that this master is alive');
            }
            this.#keepAliveLater(retryMs);
        }
    }

    /** One at a time; a change meanwhile makes it run once more. */
    #reconcile(): void {
        this.#again = true;
        this.#running ??= (async () => {
            try {
                while (this.#again && this.#state === 'running') {
                    this.#again = false;
                    await this.#reconcileOnce();
                }
            } catch (error) {
                this.#options.logger.warn({ err: error }, 'cannot write the endpoints of the API servers');
                this.#cancelTimer();
                this.#keepAliveLater(retryMs);
                this.#again = false;
            } finally {
                this.#running = undefined;
            }
        })();
    }

    async #reconcileOnce(): Promise<void> {
        const { store, client } = this.#options;
        await store.readIndex();
        const { kvs } = await store.range({ key: masterLeases, end: prefixEnd(masterLeases) });
        const masters = kvs.map(({ value }) => JSON.parse(value.toString()) as { ip: string; port: number });
        await write(client, endpoints, endpointsOf(masters));
        await write(client, endpointSlices, sliceOf(masters));
    }
}

interface Master {
    ip: string;
    port: number;
}

/** Masters that listen on the same port are one subset; normally there is one. */
function endpointsOf(masters: readonly Master[]): V1Endpoints {
    const ports = [...new Set(masters.map(({ port }) => port))].sort((a, b) => a - b);
    return {
        metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: ports.map((port) => ({
            addresses: masters.filter((master) => master.port === port).map(({ ip }) => ({ ip })),
            ports: [{ name: 'https', port, protocol: 'TCP' }],
        })),
    };
}

/** A slice has one set of ports: that of most masters, the first where there is no majority. */
function sliceOf(masters: readonly Master[]): V1EndpointSlice {
    const [subset] = (endpointsOf(masters).subsets ?? []).sort(
        (a, b) => (b.addresses?.length ?? 0) - (a.addresses?.length ?? 0),
    );
    return {
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4',
        endpoints: (subset?.addresses ?? []).map(({ ip }) => ({
            addresses: [ip],
            conditions: { ready: true },
        })),
        ports: subset?.ports ?? [],
    };
}

async function write<T extends V1Endpoints | V1EndpointSlice>(
    client: Client,
    type: ResourceType<T>,
    wanted: T,
): Promise<void> {
    const resource = client.resource(type);
    for (;;) {
        try {
            const found = await resource.get(metadata);
            const updated = { ...found, ...wanted, metadata: found.metadata };
            if (!semanticEqual(updated, found)) await resource.update(updated);
            return;
        } catch (error) {
            if (isReason(error, 'Conflict')) continue;
            if (!isReason(error, 'NotFound')) throw error;
        }
        try {
            await resource.create(wanted);
            return;
        } catch (error) {
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
    }
}
