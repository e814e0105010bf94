import { afterEach, beforeEach, describe } from '@jest/globals';
import { compaction } from './conformance/compaction.ts';
import { guards } from './conformance/guards.ts';
import { embeddedCapabilities, type ConformanceCapabilities } from './conformance/helpers.ts';
import { leases } from './conformance/leases.ts';
import { limits } from './conformance/limits.ts';
import { maintenance } from './conformance/maintenance.ts';
import { nestedTransactions } from './conformance/nested-transactions.ts';
import { ranges } from './conformance/ranges.ts';
import { replays } from './conformance/replays.ts';
import { transactions } from './conformance/transactions.ts';
import { watches } from './conformance/watches.ts';
import type { Store } from './store.ts';

export type { ConformanceCapabilities } from './conformance/helpers.ts';
export { bytes, collect, get, put, putRelaxed, run } from './conformance/helpers.ts';

export interface ConformanceSubject {
    store: Store;
    /** Releases what the store used, after it was closed. */
    dispose(): Promise<void>;
}

/** What every implementation of Store has to do; run against each of them by its tests. */
export function describeStoreConformance(
    name: string,
    open: () => Promise<ConformanceSubject>,
    capabilities: ConformanceCapabilities = embeddedCapabilities,
): void {
    describe(`${name} as a Store`, () => {
        let subject: ConformanceSubject;
        let store: Store;
        beforeEach(async () => {
            subject = await open();
            store = subject.store;
        });
        afterEach(async () => {
            await store.close();
            await subject.dispose();
        });
        const given = (): Store => store;
        transactions(given);
        nestedTransactions(given);
        guards(given);
        ranges(given);
        watches(given, capabilities);
        replays(given);
        compaction(given, capabilities);
        leases(given, capabilities);
        maintenance(given);
        limits(given);
    });
}
