import { afterAll, beforeAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { PlayedKubelet } from '../support/played-kubelet.ts';
import { kubectlCases } from './kubectl.suite.ts';

describe('conformance of kubectl', () => {
    let cluster: Cluster;
    let kubelet: PlayedKubelet;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'replicationcontroller-controller',
            'endpointslice-controller',
        ]);
        kubelet = await PlayedKubelet.start(cluster.kubeconfig);
    });
    afterAll(async () => {
        await kubelet.stop();
        await cluster.stop();
    });

    kubectlCases(() => cluster);
});
