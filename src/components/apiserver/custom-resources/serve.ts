import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { Client } from '../../../client/client.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import type { RegistryHook } from '../extensions.ts';
import type { PublishedResources } from '../openapi/custom-documents.ts';
import type { WatchCaches } from '../watch-caches.ts';
import type { MetricSource } from '../metrics.ts';
import { ConversionMetrics } from './conversion-metrics.ts';
import { CustomResources } from './custom-resources.ts';
import { DefinitionChecks } from './definition-checks.ts';

export interface CustomResourceServing extends Stoppable {
    /** For the server's extensions: checks of definitions. */
    readonly checks: RegistryHook;
    /** For the OpenAPI documents. */
    readonly published: PublishedResources;
    /** Of conversions by webhooks. */
    readonly metrics: MetricSource;
    /** To be called once the server has started. */
    start(): Promise<void>;
    /** Resolves when every change of a definition that was seen so far is served, or is waiting to be tried again. */
    idle(): Promise<void>;
}

/**
 * Everything that a server needs to serve custom resources. `cel` loads the expression engine; without one
 * definitions with rules are refused.
 */
export function serveCustomResources(options: {
    caches: WatchCaches;
    client: () => Client;
    logger: Logger;
    cel?: (() => Promise<CelCompiler>) | undefined;
}): CustomResourceServing {
    const { caches, logger, cel } = options;
    let running: CustomResources | undefined;
    const conversionMetrics = new ConversionMetrics();
    return {
        checks: new DefinitionChecks(cel),
        metrics: conversionMetrics.source,
        published: {
            get revision() {
                return running?.revision ?? 0;
            },
            published: () => running?.published() ?? [],
        },
        start: async () => {
            running = new CustomResources({
                caches,
                client: options.client(),
                logger: logger.child({ part: 'custom-resources' }),
                cel,
                conversionMetrics,
            });
            await running.start();
        },
        idle: async () => {
            await running?.idle();
        },
        stop: async () => {
            await running?.stop();
        },
    };
}
