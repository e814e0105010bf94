import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Cluster } from '../harness/cluster.ts';
import { Kubectl } from '../harness/kubectl.ts';
import { expectNothingLeft } from '../harness/leftovers.ts';
import { Machine } from '../harness/machine.ts';
import { walkDeployments } from './walkthroughs/deployments.ts';
import { walkHostAndPlacement } from './walkthroughs/host-and-placement.ts';
import { walkJavaScriptClient } from './walkthroughs/javascript-client.ts';
import { walkLifecycle } from './walkthroughs/lifecycle.ts';
import { walkPods } from './walkthroughs/pods.ts';
import { walkProbes } from './walkthroughs/probes.ts';
import { walkRunAndExpose } from './walkthroughs/run-and-expose.ts';
import { walkVolumes } from './walkthroughs/volumes.ts';
import { walkWorkloads } from './walkthroughs/workloads.ts';

/** What the documents that this project comes from do, in the order in which they do it. */
let cluster: Cluster;

beforeAll(async () => {
    const machine = await Machine.create();
    const staticPods = machine.makeDirectory('manifests');
    cluster = await Cluster.create({ machine, args: ['--pod-manifest-path', staticPods] });
    await cluster.docker('tag', 'hyperkube/hello:1', 'hyperkube/hello:2');
}, 120_000);

afterAll(async () => {
    await cluster.close();
    expectNothingLeft(cluster.machine);
}, 60_000);

const kubectl = (): Kubectl => new Kubectl(cluster);
const staticPodDirectory = (): string => join(cluster.machine.directory, 'manifests');

walkRunAndExpose(kubectl);
walkPods(kubectl);
walkJavaScriptClient(kubectl);
walkHostAndPlacement(kubectl);
walkVolumes(kubectl);
walkLifecycle(kubectl);
walkProbes(kubectl);
walkDeployments(kubectl);
walkWorkloads(kubectl, staticPodDirectory);
