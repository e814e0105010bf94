import { afterAll, beforeAll, describe } from '@jest/globals';
import { createScheduler } from '../../../src/cli/components/scheduler.ts';
import type { Stoppable } from '../../../src/util/lifecycle.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { draCases } from './dra/resources.suite.ts';
import { eventCases } from './instrumentation/events.suite.ts';
import { limitRangeCases } from './scheduling/limit-ranges.suite.ts';
import { placementCases } from './scheduling/placement.suite.ts';
import { storageObjectCases } from './storage/objects.suite.ts';
import { volumeCases } from './storage/volumes.suite.ts';
import { Cluster } from './support/cluster.ts';
import { clientOf } from './support/played-kubelet.ts';

/** Areas that need little more than the API, on one server. */
describe('conformance', () => {
    let cluster: Cluster;
    let scheduler: Stoppable;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'persistentvolumeclaim-protection-controller',
            'persistentvolume-protection-controller',
            'volumeattributesclass-protection-controller',
        ]);
        scheduler = await createScheduler({
            client: await clientOf(cluster.kubeconfig),
            logger: silentLogger(),
            schedulerName: 'default-scheduler',
        });
    });
    afterAll(async () => {
        await scheduler.stop();
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
    describe('of the scheduler', () => {
        placementCases(given);
    });
});
