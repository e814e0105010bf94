import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Client } from '../../../client/client.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Authorizer } from '../authorizer.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AdmissionConfiguration } from './configuration.ts';
import type { AdmissionMetrics } from './metrics.ts';

/** What plugins work with. `client` is for lookups that must be current, and for quota's writes. */
export interface PluginContext {
    reader: ObjectReader;
    client: () => Client;
    clock: Clock;
    /** Every resource that is served, in all its versions. */
    definitions: () => readonly ResourceDefinition[];
    /** Undefined where nobody may be asked: tests of single plugins. */
    authorizer: Authorizer | undefined;
    /** Loads the compiler on first use. Undefined where expressions cannot be evaluated: what has some is refused then. */
    expressions: (() => Promise<CelCompiler>) | undefined;
    configuration: AdmissionConfiguration;
    metrics: AdmissionMetrics;
}
