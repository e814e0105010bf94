import { afterAll, beforeAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { PlayedKubelet } from '../support/played-kubelet.ts';
import { nodeObjectCases } from './objects.suite.ts';
import { podCases } from './pods.suite.ts';

describe('conformance of nodes and pods', () => {
    let cluster: Cluster;
    let kubelet: PlayedKubelet;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start(['serviceaccount-controller']);
        kubelet = await PlayedKubelet.start(cluster.kubeconfig);
    });
    afterAll(async () => {
        await kubelet.stop();
        await cluster.stop();
    });

    describe('as objects', () => {
        nodeObjectCases(given);
    });
    describe('as pods', () => {
        podCases(given);
    });
});
