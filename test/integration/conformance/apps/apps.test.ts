import { afterAll, beforeAll, describe } from '@jest/globals';
import { Cluster } from '../support/cluster.ts';
import { PlayedKubelet } from '../support/played-kubelet.ts';
import { deploymentCases } from './deployments.suite.ts';
import { disruptionCases } from './disruption.suite.ts';
import { jobCases } from './jobs.suite.ts';
import { replicaCases } from './replicas.suite.ts';
import { setCases } from './sets.suite.ts';
import { troubledCases } from './troubled.suite.ts';

describe('conformance of workloads', () => {
    let cluster: Cluster;
    let kubelet: PlayedKubelet;
    const given = (): Cluster => cluster;
    beforeAll(async () => {
        cluster = await Cluster.start([
            'serviceaccount-controller',
            'deployment-controller',
            'replicaset-controller',
            'replicationcontroller-controller',
            'statefulset-controller',
            'daemonset-controller',
            'job-controller',
            'disruption-controller',
            'resourcequota-controller',
            'garbage-collector-controller',
        ]);
        kubelet = await PlayedKubelet.start(cluster.kubeconfig);
    });
    afterAll(async () => {
        await kubelet.stop();
        await cluster.stop();
    });

    describe('as Deployments', () => {
        deploymentCases(given);
    });
    describe('as replicas', () => {
        replicaCases(given);
    });
    describe('as sets', () => {
        setCases(given);
    });
    describe('as Jobs', () => {
        jobCases(given);
    });
    describe('as budgets', () => {
        disruptionCases(given);
    });
    describe('in trouble', () => {
        troubledCases(given, () => kubelet);
    });
});
