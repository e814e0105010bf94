import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { V1Pod, V1Volume } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, once, pod, shell } from '../../harness/manifests.ts';

/** A pod that runs a script with one volume at /mnt. */
function withVolume(name: string, volume: Omit<V1Volume, 'name'>, script: string): V1Pod {
    return once(name, '', {
        containers: [shell('main', script, { volumeMounts: [{ name: 'v', mountPath: '/mnt' }] })],
        volumes: [{ name: 'v', ...volume }],
    });
}

/** Section 4: what can be mounted. */
export function walkVolumes(kubectl: () => Kubectl): void {
    describe('volumes', () => {
        it('emptyDir outlives a container, and goes when the pod has ended', async () => {
            const k = kubectl();
            const script =
                'if [ -f /mnt/was ]; then cat /mnt/was; else echo here before > /mnt/was; exit 1; fi';
            const containers = [shell('main', script, { volumeMounts: [{ name: 'v', mountPath: '/mnt' }] })];
            const spec = { restartPolicy: 'OnFailure', containers, volumes: [{ name: 'v', emptyDir: {} }] };
            expect(await k.outputOf(once('empty-dir', '', spec))).toBe('here before\n');
            const { metadata, status } = await k.pod('empty-dir');
            expect(status?.containerStatuses?.[0]?.restartCount).toBe(1);
            const directory = join(k.cluster.machine.directory, 'data/kubelet/pods', metadata?.uid ?? '?');
            await eventually('the directory is gone', () => Promise.resolve(!existsSync(directory)));
        }, 60_000);

        it('emptyDir in memory is a tmpfs', async () => {
            const output = await kubectl().outputOf(
                withVolume('memory-dir', { emptyDir: { medium: 'Memory' } }, 'grep " /mnt " /proc/mounts'),
            );
            expect(output).toMatch(/^tmpfs \/mnt tmpfs/);
        }, 60_000);

        it('hostPath is a directory of the node, made when the type says so', async () => {
            const k = kubectl();
            const path = join(k.cluster.machine.directory, 'on-the-host');
            await k.outputOf(
                withVolume(
                    'host-path',
                    { hostPath: { path, type: 'DirectoryOrCreate' } },
                    'echo hi > /mnt/f',
                ),
            );
            expect(readFileSync(join(path, 'f'), 'utf8')).toBe('hi\n');
        }, 60_000);

        it('hostPath of type Directory that is not there is FailedMount', async () => {
            const k = kubectl();
            const hostPath = { path: '/nowhere/at/all', type: 'Directory' };
            await k.send('create', withVolume('no-host-path', { hostPath }, 'true'));
            await eventually('the event is there', async () =>
                /FailedMount.*hostPath type check failed: \/nowhere\/at\/all is not a directory/.test(
                    await k.ok('describe pod no-host-path'),
                ),
            );
            await k.ok('delete pod no-host-path');
        }, 60_000);

        it('configMap and secret: files with their modes; a change reaches the running pod', async () => {
            const k = kubectl();
            await k.ok('create configmap files --from-literal=a.txt=first --from-literal=b.txt=other');
            await k.ok('create secret generic key --from-literal=id=confidential');
            const volumeMounts = [
                { name: 'c', mountPath: '/config' },
                { name: 's', mountPath: '/secret', readOnly: true },
            ];
            await k.send(
                'create',
                pod('files-pod', {
                    containers: [shell('main', idle, { volumeMounts })],
                    volumes: [
                        { name: 'c', configMap: { name: 'files', items: [{ key: 'a.txt', path: 'sub/a' }] } },
                        { name: 's', secret: { secretName: 'key', defaultMode: 0o400 } },
                    ],
                }),
            );
            await k.untilReady('files-pod');
            expect(await k.inPod('files-pod', 'cat /config/sub/a; ls /config')).toBe('firstsub\n');
            expect(await k.inPod('files-pod', 'cat /secret/id; stat -L -c %a /secret/id')).toBe(
                'confidential400\n',
            );
            await k
                .ok('create configmap files --from-literal=a.txt=second --dry-run=client -o yaml')
                .then(async (input) => await k.ok('replace -f -', { input }));
            await eventually(
                'the new content is in the pod',
                async () => (await k.inPod('files-pod', 'cat /config/sub/a')) === 'second',
                90_000,
            );
            await k.ok('delete pod files-pod');
        }, 150_000);

        it('a Secret that is missing is FailedMount until it is there', async () => {
            const k = kubectl();
            const volume = { secret: { secretName: 'late-secret' } };
            await k.send('create', withVolume('waits-for-secret', volume, 'cat /mnt/k'));
            await eventually('the event is there', async () =>
                /FailedMount.*secret "late-secret" not found/.test(
                    await k.ok('describe pod waits-for-secret'),
                ),
            );
            expect(await k.ok('get pod waits-for-secret')).toMatch(/ContainerCreating/);
            await k.ok('create secret generic late-secret --from-literal=k=v');
            await k.untilPhase('waits-for-secret', 'Succeeded');
            expect(await k.ok('logs waits-for-secret')).toBe('v');
        }, 120_000);

        it('downward API: labels, name and limits as files', async () => {
            const items = [
                { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
                {
                    path: 'cpu',
                    resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' },
                },
            ];
            const labelled = withVolume(
                'downward',
                { downwardAPI: { items } },
                'cd /mnt; cat labels; echo; cat name; echo; cat cpu',
            );
            labelled.spec!.containers[0]!.resources = { limits: { cpu: '300m' } };
            expect(await kubectl().outputOf(labelled)).toBe('app="downward"\ndownward\n300');
        }, 60_000);

        it('the projected service-account token opens the API server for what RBAC allows', async () => {
            const k = kubectl();
            await k.ok('create role reader --verb=get --resource=configmaps');
            await k.ok('create rolebinding reader --role=reader --serviceaccount=default:default');
            await k.ok('create configmap readable --from-literal=k=v');
            await k.send('create', pod('token-pod', { containers: [shell('main', idle)] }));
            await k.untilReady('token-pod');
            const directory = '/var/run/secrets/kubernetes.io/serviceaccount';
            expect(await k.inPod('token-pod', `cat ${directory}/namespace`)).toBe('default');
            expect(await k.inPod('token-pod', `cat ${directory}/ca.crt`)).toContain('BEGIN CERTIFICATE');
            const token = await k.inPod('token-pod', `cat ${directory}/token`);
            const asPod = async (verb: string, ...args: string[]) =>
                await k.cluster.kubectl(
                    [
                        `--server=https://10.96.0.1:443`,
                        `--certificate-authority=${k.cluster.machine.directory}/kubernetes/pki/ca.crt`,
                        `--token=${token}`,
                        verb,
                        ...args,
                    ],
                    { env: { KUBECONFIG: '/dev/null' } },
                );
            expect((await asPod('get', 'configmap', 'readable')).stdout).toMatch(/^readable/m);
            expect((await asPod('get', 'secrets')).stderr).toMatch(
                /Forbidden.*User "system:serviceaccount:default:default" cannot list resource "secrets"/,
            );
            await k.ok('delete pod token-pod');
        }, 60_000);
    });
}
