import { describe, expect, it } from '@jest/globals';
import type { V1PodList } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, once, pod, shell } from '../../harness/manifests.ts';

/** Section 4: where a pod runs, and what of the host it sees. */
export function walkHostAndPlacement(kubectl: () => Kubectl): void {
    describe('placement', () => {
        it('a nodeSelector that no node has keeps the pod Pending with the reason; a label on the node frees it', async () => {
            const k = kubectl();
            await k.send('create', once('selective', 'true', { nodeSelector: { disk: 'ssd' } }));
            const { status } = await k.untilPod('selective', ({ status }) =>
                status?.conditions?.some(({ reason }) => reason === 'Unschedulable'),
            );
            expect(status?.phase).toBe('Pending');
            expect(status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toMatch(
                /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\./,
            );
            await eventually('the event is there', async () =>
                /Warning\s+FailedScheduling\s+.*0\/1 nodes are available/.test(
                    await k.ok('describe pod selective'),
                ),
            );
            await k.ok('label node node-1 disk=ssd');
            await k.untilPhase('selective', 'Succeeded');
            await k.ok('label node node-1 disk-');
        }, 60_000);

        it('more than the node has is Insufficient cpu and memory', async () => {
            const k = kubectl();
            const requests = { cpu: '1000', memory: '900Ti' };
            const main = shell('main', 'true', { resources: { requests } });
            await k.send('create', once('too-big', '', { containers: [main] }));
            await k.untilPod('too-big', ({ status }) =>
                status?.conditions?.some(({ message }) =>
                    message?.startsWith(
                        '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
                    ),
                ),
            );
            await k.ok('delete pod too-big');
        }, 60_000);

        it('nodeName goes past the scheduler', async () => {
            const k = kubectl();
            await k.outputOf(once('named', 'true', { nodeName: 'node-1' }));
            const { items } = await k.json<V1PodList>(
                'get events --field-selector involvedObject.name=named',
            );
            expect(JSON.stringify(items)).not.toContain('"reason":"Scheduled"');
        }, 60_000);

        it('a tainted node takes only pods that tolerate it', async () => {
            const k = kubectl();
            await k.ok('taint node node-1 dedicated=db:NoSchedule');
            try {
                const tolerations = [{ key: 'dedicated', operator: 'Exists' }];
                await k.send('create', once('intolerant', 'true'), once('tolerant', 'true', { tolerations }));
                await k.untilPhase('tolerant', 'Succeeded');
                await k.untilPod('intolerant', ({ status }) =>
                    status?.conditions?.some(({ message }) =>
                        message?.includes('1 node(s) had untolerated taint'),
                    ),
                );
            } finally {
                await k.ok('taint node node-1 dedicated-');
            }
            await k.untilPhase('intolerant', 'Succeeded');
        }, 60_000);
    });

    describe("the host's namespaces", () => {
        it('hostNetwork shares the address of the node', async () => {
            const k = kubectl();
            const script = 'ip -o -4 addr show eth0; hostname';
            const output = await k.outputOf(once('host-network', script, { hostNetwork: true }));
            expect(output).toContain('10.213.0.2/24');
            expect((await k.pod('host-network')).status?.podIP).toBe('10.213.0.2');
        }, 60_000);

        it('hostPID sees the processes of the host, a pod of its own does not', async () => {
            const k = kubectl();
            const count = 'ps | grep -c "[d]ockerd"; true';
            expect(Number(await k.outputOf(once('host-pid', count, { hostPID: true })))).toBeGreaterThan(0);
            expect(Number(await k.outputOf(once('own-pid', count)))).toBe(0);
        }, 60_000);

        it('hostIPC shares the IPC namespace of the host', async () => {
            const k = kubectl();
            const show = 'readlink /proc/self/ns/ipc';
            const host = await k.cluster.machine.run('readlink', ['/proc/self/ns/ipc']);
            expect(await k.outputOf(once('host-ipc', show, { hostIPC: true }))).toBe(host.stdout);
            expect(await k.outputOf(once('own-ipc', show))).not.toBe(host.stdout);
        }, 60_000);

        it('hostPort answers at the address of the node, and only while the pod lives', async () => {
            const k = kubectl();
            const web = {
                name: 'web',
                image: 'hyperkube/hello:1',
                ports: [{ containerPort: 80, hostPort: 8088 }],
            };
            await k.send('create', pod('host-port', { containers: [web] }));
            await k.untilReady('host-port');
            const url = 'http://10.213.0.2:8088/';
            await eventually('it answers', async () =>
                (await k.cluster.fetchPage(url))?.includes('served by host-port'),
            );
            await k.ok('delete pod host-port');
            await eventually('nothing answers', async () => (await k.cluster.fetchPage(url)) === undefined);
        }, 60_000);
    });

    describe('containers of one pod', () => {
        it('share network, IPC and volumes, and nothing else', async () => {
            const k = kubectl();
            const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
            const writer = shell('app', `echo from-app > /shared/file; httpd -p 8080 -h /shared; ${idle}`, {
                volumeMounts,
            });
            const sidecar = shell('sidecar', idle, { volumeMounts });
            await k.send(
                'create',
                pod('sidecar-pod', {
                    containers: [writer, sidecar],
                    volumes: [{ name: 'shared', emptyDir: {} }],
                }),
            );
            await k.untilReady('sidecar-pod');
            expect(await k.inPod('sidecar-pod', 'cat /shared/file', 'sidecar')).toBe('from-app\n');
            expect(await k.inPod('sidecar-pod', 'wget -qO- http://127.0.0.1:8080/file', 'sidecar')).toBe(
                'from-app\n',
            );
            const namespaces = async (container: string) =>
                await Promise.all(
                    ['net', 'ipc', 'pid', 'mnt'].map(
                        async (kind) =>
                            await k.inPod('sidecar-pod', `readlink /proc/self/ns/${kind}`, container),
                    ),
                );
            const [net, ipc, pid, mnt] = await namespaces('app');
            const [otherNet, otherIpc, otherPid, otherMnt] = await namespaces('sidecar');
            expect([otherNet, otherIpc]).toEqual([net, ipc]);
            expect(otherPid).not.toBe(pid);
            expect(otherMnt).not.toBe(mnt);
            await k.ok('delete pod sidecar-pod');
        }, 60_000);

        it('shareProcessNamespace shows them to each other', async () => {
            const k = kubectl();
            const containers = [shell('one', 'sleep 1; ps'), shell('two', 'exec sleep 2')];
            const spec = { shareProcessNamespace: true, containers };
            await k.send('create', once('shared-pid', '', spec));
            await k.untilPhase('shared-pid', 'Succeeded');
            expect(await k.ok('logs shared-pid -c one')).toMatch(/\bsleep 2\b/);
        }, 60_000);
    });
}
