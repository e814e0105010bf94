import type { HealthCheck, NonResourceRoute } from './extensions.ts';
import { healthRoutes } from './health.ts';
import type { RequestMetrics } from './metrics.ts';
import type { VersionInfo } from './version.ts';
import type { WatchCaches } from './watch-caches.ts';

export interface BuiltinRouteOptions {
    caches: WatchCaches;
    metrics: RequestMetrics;
    version: VersionInfo;
    readyChecks: readonly HealthCheck[];
    isRunning(): boolean;
}

/** Health, version and metrics. */
export function builtinRoutes(options: BuiltinRouteOptions): NonResourceRoute[] {
    const { caches, metrics, version, readyChecks } = options;
    const ping: HealthCheck = { name: 'ping', check: () => undefined };
    const etcd: HealthCheck = {
        name: 'etcd',
        check: async () => {
            await caches.store.readIndex();
            return undefined;
        },
    };
    const sync: HealthCheck = {
        name: 'informer-sync',
        check: () => (caches.revision > 0 ? undefined : 'the caches are not filled'),
    };
    const shutdown: HealthCheck = {
        name: 'shutdown',
        check: () => (options.isRunning() ? undefined : 'process is shutting down'),
    };
    return [
        ...healthRoutes({ live: [ping, etcd], ready: [sync, ...readyChecks, shutdown] }),
        { path: '/version', handle: () => ({ type: 'value', status: 200, value: version }) },
        {
            path: '/metrics',
            handle: async () => ({ type: 'bytes', status: 200, ...(await metrics.render()) }),
        },
    ];
}
