import type { Cluster } from '../../cluster.ts';
import type { Store } from '../../store.ts';
import type { Logger } from '../../../util/logger.ts';
import { Lifecycle, type Stoppable } from '../../../util/lifecycle.ts';
import { EtcdContext } from './context.ts';
import { etcdError, toStatus } from './errors.ts';
import type { HandlerOptions } from './grpc/handlers.ts';
import type { CallHandler } from './grpc/server-call.ts';
import { Endpoints } from './http/endpoints.ts';
import { GrpcMetrics } from './http/grpc-metrics.ts';
import { measurementMetrics } from './http/measurement-metrics.ts';
import type { Metric } from './http/metric.ts';
import { processMetrics } from './http/process-metrics.ts';
import { storeMetrics } from './http/store-metrics.ts';
import { EtcdListener, type ServerTls } from './listener.ts';
import { clusterHandlers } from './services/cluster.ts';
import { kvHandlers } from './services/kv.ts';
import { leaseHandlers } from './services/lease.ts';
import { maintenanceHandlers } from './services/maintenance.ts';
import { snapshotHandler } from './services/snapshot.ts';
import { watchHandler } from './services/watch.ts';

export interface EtcdServerOptions {
    store: Store;
    cluster: Cluster;
    /** `https://host:port`, `http://host:port` (port 0: any) or `unix:///path`. */
    listenClientUrls: readonly string[];
    /** Metrics and health only, without gRPC. */
    listenMetricsUrls?: readonly string[];
    /** For the https URLs. */
    tls?: ServerTls | undefined;
    logger: Logger;
    /** Default 10 minutes. */
    watchProgressIntervalMs?: number;
    /** For the copy that a snapshot is sent from; the system's temporary directory by default. */
    snapshotDirectory?: string;
}

export interface EtcdServer extends Stoppable {
    /** The first client URL, with the port that is listened on. */
    readonly address: string;
    readonly addresses: readonly string[];
    readonly metricsAddresses: readonly string[];
    setTls(tls: ServerTls): void;
}

const progressIntervalMsDefault = 10 * 60_000;

/** Serves etcd's API in front of a store. Rejects when an address cannot be bound. */
export async function startEtcdServer(options: EtcdServerOptions): Promise<EtcdServer> {
    const { logger, tls } = options;
    const lifecycle = new Lifecycle();
    const context = await EtcdContext.create(options.store, options.cluster);
    lifecycle.add({
        stop: () => {
            context.close();
        },
    });
    const grpcMetrics = new GrpcMetrics();
    const { measurements } = options.cluster;
    const metrics = async (): Promise<Metric[]> => [
        ...(await storeMetrics(context, grpcMetrics)),
        ...(measurements === undefined ? [] : measurementMetrics(measurements)),
        ...grpcMetrics.metrics(),
        ...processMetrics(),
    ];
    const endpoints = new Endpoints({ context, logger, metrics });
    const calls = callsOf(context, grpcMetrics, options);
    const listeners: EtcdListener[] = [];
    const listen = async (urls: readonly string[], served: ReadonlyMap<string, CallHandler>) => {
        const addresses: string[] = [];
        for (const url of urls) {
            const listener = new EtcdListener(url, { tls, logger, calls: served, endpoints });
            const port = await listener.listen();
            listeners.push(lifecycle.add(listener));
            addresses.push(url.replace(/:0\/?$/, `:${port}`));
        }
        return addresses;
    };
    try {
        const addresses = await listen(options.listenClientUrls, calls);
        const metricsAddresses = await listen(options.listenMetricsUrls ?? [], new Map());
        logger.info({ addresses }, 'serving the etcd API');
        return {
            address: addresses[0] ?? '',
            addresses,
            metricsAddresses,
            setTls: (next) => {
                for (const listener of listeners) listener.setTls(next);
            },
            stop: async () => {
                await lifecycle.stop();
            },
        };
    } catch (error) {
        await lifecycle.stop();
        throw error;
    }
}

function callsOf(
    context: EtcdContext,
    observer: GrpcMetrics,
    { watchProgressIntervalMs = progressIntervalMsDefault, snapshotDirectory }: EtcdServerOptions,
): ReadonlyMap<string, CallHandler> {
    const handlers: HandlerOptions = {
        toStatus,
        observer,
        admit: (call) => {
            if (call.metadata('hasleader') === 'true' && context.leader === '') throw etcdError('noLeader');
        },
    };
    return new Map([
        ...kvHandlers(context, handlers),
        ...leaseHandlers(context, handlers),
        ...clusterHandlers(context, handlers),
        ...maintenanceHandlers(context, handlers),
        snapshotHandler(context, { ...handlers, directory: snapshotDirectory }),
        watchHandler(context, { ...handlers, progressIntervalMs: watchProgressIntervalMs }),
    ]);
}
