import { afterAll, beforeAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { PlayedKubelet } from '../support/played-kubelet.ts';
import { endpointCases } from './endpoints.suite.ts';
import { networkObjectCases } from './objects.suite.ts';
import { serviceCases } from './services.suite.ts';

describe('conformance of the network', () => {
    let cluster: Cluster;
    let kubelet: PlayedKubelet;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'endpointslice-controller',
            'endpointslice-mirroring-controller',
            'endpoints-controller',
            'garbage-collector-controller',
        ]);
        kubelet = await PlayedKubelet.start(cluster.kubeconfig);
    });
    afterAll(async () => {
        await kubelet.stop();
        await cluster.stop();
    });

    describe('as Services', () => {
        serviceCases(given);
    });
    describe('as endpoints', () => {
        endpointCases(given);
    });
    describe('as other objects', () => {
        networkObjectCases(given);
    });
});
