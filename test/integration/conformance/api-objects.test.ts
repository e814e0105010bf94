import { afterAll, beforeAll, describe } from '@jest/globals';
import { draCases } from './dra/resources.ts';
import { eventCases } from './instrumentation/events.ts';
import { limitRangeCases } from './scheduling/limit-ranges.ts';
import { storageObjectCases } from './storage/objects.ts';
import { volumeCases } from './storage/volumes.ts';
import { Cluster } from './support/cluster.ts';

/** Areas that need little more than the API, on one server. */
describe('conformance', () => {
    let cluster: Cluster;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'persistentvolumeclaim-protection-controller',
            'persistentvolume-protection-controller',
        ]);
    });
    afterAll(async () => {
        await cluster.stop();
    });

    describe('of dynamic resource allocation', () => {
        draCases(given);
    });
    describe('of events', () => {
        eventCases(given);
    });
    describe('of limit ranges', () => {
        limitRangeCases(given);
    });
    describe('of storage', () => {
        storageObjectCases(given);
        volumeCases(given);
    });
});
