import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Cluster, kubectlBinaries } from '../harness/cluster.ts';
import { debianKubectl, Kubectl } from '../harness/kubectl.ts';
import { expectNothingLeft } from '../harness/leftovers.ts';
import { tourOfOutput } from './tour/output.ts';
import { tourOfRollouts } from './tour/rollouts.ts';
import { tourOfServices } from './tour/services.ts';
import { tourOfStreams } from './tour/streams.ts';
import { tourOfTheCluster } from './tour/cluster.ts';

/** The tour for every kubectl of interest: today's, the oldest that is at hand, and Debian's. */
const debian = debianKubectl();
const installed = kubectlBinaries();
const binaries = new Map<string, string>();
for (const version of ['1.33', '1.27']) {
    const binary = installed.get(version);
    if (binary !== undefined) binaries.set(version, binary);
}
if (binaries.size === 0) binaries.set('of this machine', 'kubectl');

let cluster: Cluster;

beforeAll(async () => {
    cluster = await Cluster.create();
    await cluster.docker('tag', 'hyperkube/hello:1', 'hyperkube/hello:2');
}, 120_000);

afterAll(async () => {
    await cluster.close();
    expectNothingLeft(cluster.machine);
}, 60_000);

function tour(version: string, binary: string): void {
    describe(`kubectl ${version}`, () => {
        const namespace = `tour-${version.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
        const kubectl = (): Kubectl => new Kubectl(cluster, { binary, namespace });
        beforeAll(async () => {
            await cluster.ok(['create', 'namespace', namespace]);
        }, 60_000);
        tourOfTheCluster(kubectl);
        tourOfServices(kubectl);
        tourOfRollouts(kubectl);
        tourOfOutput(kubectl);
        tourOfStreams(kubectl);
    });
}

for (const [version, binary] of binaries) tour(version, binary);

if (debian === undefined)
    it.skip("Debian's kubectl: its archive cannot be reached from here", () => undefined);
else tour('of Debian', debian.binary);
