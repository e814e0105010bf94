import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Client } from '../../../client/client.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import type { MetricSource } from '../metrics.ts';
import type { ObjectReader } from '../object-reader.ts';
import { Aggregator, type RequestHeaderNames } from './aggregator.ts';
import { AutoRegistration } from './auto-registration.ts';
import { AvailabilityController } from './availability.ts';
import { ExtensionDiscovery, type ForeignDiscovery } from './extension-discovery.ts';
import { ExtensionOpenApi, type ForeignOpenApi } from './extension-openapi.ts';
import { ExtensionServices, type FrontProxyCertificate } from './extension-services.ts';

export interface AggregationOptions {
    reader: ObjectReader;
    /** As system:apiserver; asked for from `start` on. */
    client: () => Client;
    /** The built-in resources. */
    definitions: readonly ResourceDefinition[];
    /** What extension servers are shown. */
    certificate: FrontProxyCertificate;
    requestHeaders: RequestHeaderNames;
    clock: Clock;
    logger: Logger;
}

/** The aggregation layer: APIServices, and the servers behind them. */
export interface AggregationServing extends Stoppable {
    aggregator: Aggregator;
    discovery: ForeignDiscovery;
    openApi: ForeignOpenApi;
    metrics: MetricSource;
    /** Resolves once what is served here has its APIServices; rejects when they could not be written. */
    start(): Promise<void>;
    /** Resolves when every change that was seen so far has been taken up, or waits to be tried again. */
    idle(): Promise<void>;
}

export function serveAggregation(options: AggregationOptions): AggregationServing {
    const { reader, client, definitions, clock } = options;
    const logger = options.logger.child({ part: 'aggregation' });
    const services = new ExtensionServices(reader, options.certificate);
    const aggregator = new Aggregator(services, options.requestHeaders);
    const { via } = aggregator;
    const registration = new AutoRegistration({ reader, client, definitions, clock, logger });
    const availability = new AvailabilityController({
        ...{ reader, client, clock, logger, via },
        extensions: services,
    });
    return {
        aggregator,
        discovery: new ExtensionDiscovery({
            ...{ reader, services, via, clock },
            isWithdrawn: (group, version) => registration.isWithdrawn(group, version),
        }),
        openApi: new ExtensionOpenApi({ services, clock, via }),
        metrics: availability.metrics,
        start: async () => {
            availability.start();
            await registration.start();
        },
        idle: async () => {
            await registration.idle();
            await availability.idle();
        },
        stop: async () => {
            await registration.stop();
            await availability.stop();
        },
    };
}
