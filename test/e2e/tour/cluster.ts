import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Kubectl } from '../../harness/kubectl.ts';

/** Where am I, and what is there: nodes, cluster-info, api-resources, explain. */
export function tourOfTheCluster(kubectl: () => Kubectl): void {
    describe('the cluster', () => {
        it('get nodes shows the node Ready at version 1.36', async () => {
            const [header, node] = (await kubectl().ok('get nodes')).split('\n');
            expect(header).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION$/);
            expect(node).toMatch(/^node-1\s+Ready\s+\S+\s+\d+m?\d*s?\s+v1\.36\./);
        });

        it('cluster-info names the address of the control plane', async () => {
            const text = stripVTControlCharacters(await kubectl().ok('cluster-info'));
            expect(text).toContain('Kubernetes control plane is running at https://10.213.0.2:6443');
        });

        it('api-resources lists the built-in kinds with short names and groups', async () => {
            const lines = (await kubectl().ok('api-resources')).split('\n');
            const columns = lines.map((line) => line.trim().split(/\s+/));
            expect(columns).toContainEqual(['pods', 'po', 'v1', 'true', 'Pod']);
            expect(columns).toContainEqual(['deployments', 'deploy', 'apps/v1', 'true', 'Deployment']);
            expect(columns).toContainEqual(['nodes', 'no', 'v1', 'false', 'Node']);
            expect(columns).toContainEqual(['jobs', 'batch/v1', 'true', 'Job']);
            const namespaced = await kubectl().ok('api-resources --namespaced=false -o name');
            expect(namespaced.split('\n')).toEqual(expect.arrayContaining(['nodes', 'namespaces']));
            expect(namespaced.split('\n')).not.toContain('pods');
        });

        it('explain pod.spec.containers describes the fields of a container', async () => {
            const text = await kubectl().ok('explain pod.spec.containers');
            expect(text).toMatch(/KIND:\s+Pod/);
            expect(text).toMatch(/VERSION:\s+v1/);
            expect(text).toMatch(/containers\s+<\[\]\w+>/);
            expect(text).toMatch(/^\s+image\s+<string>/m);
            expect(text).toMatch(/^\s+name\s+<string>\s+-required-/m);
        });

        it('explain --recursive reaches the fields below', async () => {
            const text = await kubectl().ok('explain deployment.spec --recursive');
            expect(text).toMatch(/^\s+readinessProbe\s+<\w+>/m);
        });

        it('describe node shows conditions, capacity, system info and pods', async () => {
            const text = await kubectl().ok('describe node node-1');
            expect(text).toMatch(/^Name:\s+node-1$/m);
            expect(text).toMatch(/kubernetes\.io\/hostname=node-1/);
            expect(text).toMatch(/MemoryPressure\s+False.*KubeletHasSufficientMemory/);
            expect(text).toMatch(/\bReady\s+True.*KubeletReady/);
            expect(text).toMatch(/InternalIP:\s+10\.213\.0\.2/);
            expect(text).toMatch(/^Capacity:\n(?:\s+\S+:\s+\S+\n)*\s+memory:\s+\d+Ki/m);
            expect(text).toMatch(/^\s+pods:\s+110$/m);
            expect(text).toMatch(/Container Runtime Version:\s+docker:\/\/\d+/);
            expect(text).toMatch(/Kubelet Version:\s+v1\.36\./);
            expect(text).toMatch(/PodCIDR:\s+10\.244\.0\.0\/24/);
            expect(text).toMatch(/^Non-terminated Pods:/m);
            expect(text).toMatch(/^Allocated resources:/m);
        });

        it('top is refused: there are no metrics', async () => {
            expect(await kubectl().refused('top nodes')).toMatch(/metrics/i);
            expect(await kubectl().refused('top pods')).toMatch(/metrics/i);
        });
    });
}
