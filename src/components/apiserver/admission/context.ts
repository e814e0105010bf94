import type { Client } from '../../../client/client.ts';
import type { Clock } from '../../../util/clock.ts';
import type { ObjectReader } from '../object-reader.ts';

/** What plugins work with. `client` is for lookups that must be current, and for quota's writes. */
export interface PluginContext {
    reader: ObjectReader;
    client: () => Client;
    clock: Clock;
}
