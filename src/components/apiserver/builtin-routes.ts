import type { HealthCheck, NonResourceRoute } from './extensions.ts';
import { flowControlDebugRoutes } from './flow-control/debug-routes.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import { healthRoutes } from './health.ts';
import type { RequestMetrics } from './metrics.ts';
import { profilingRoutes } from './profiling-routes.ts';
import type { VersionInfo } from './version.ts';
import type { WatchCaches } from './watch-caches.ts';
import { zPages, type ZPagesOptions } from './z-pages.ts';

export interface BuiltinRouteOptions {
    caches: WatchCaches;
    metrics: RequestMetrics;
    version: VersionInfo;
    liveChecks: readonly HealthCheck[];
    readyChecks: readonly HealthCheck[];
    flowControl: FlowControl | undefined;
    /** Serves /debug/pprof. */
    profiling: boolean;
    isRunning(): boolean;
    /** For /statusz and /flagz. */
    process: Pick<ZPagesOptions, 'flags' | 'nowMs' | 'startedMs'> & { routes: readonly NonResourceRoute[] };
}

/** Health, version, metrics and debugging. */
export function builtinRoutes(options: BuiltinRouteOptions): NonResourceRoute[] {
    const { caches, metrics, version, liveChecks, readyChecks, flowControl } = options;
    const fine = (name: string): HealthCheck => ({ name, check: () => undefined });
    const read = async (): Promise<undefined> => {
        await caches.store.readIndex();
        return undefined;
    };
    const basic = [fine('ping'), fine('log'), { name: 'etcd', check: read }];
    const sync: HealthCheck = {
        name: 'informer-sync',
        check: () => (caches.revision > 0 ? undefined : 'the caches are not filled'),
    };
    const shutdown: HealthCheck = {
        name: 'shutdown',
        check: () => (options.isRunning() ? undefined : 'process is shutting down'),
    };
    const own: NonResourceRoute[] = [
        ...healthRoutes({
            live: [...basic, ...liveChecks],
            ready: [...basic, { name: 'etcd-readiness', check: read }, sync, ...readyChecks, shutdown],
        }),
        { path: '/version', handle: () => ({ type: 'value', status: 200, value: version }) },
        {
            path: '/metrics',
            handle: async () => ({ type: 'bytes', status: 200, ...(await metrics.render()) }),
        },
        ...(flowControl === undefined ? [] : flowControlDebugRoutes(flowControl)),
        ...(options.profiling ? profilingRoutes() : []),
    ];
    const { routes, ...process } = options.process;
    own.push(...zPages({ ...process, version, paths: () => [...routes, ...own].map(({ path }) => path) }));
    return own;
}
