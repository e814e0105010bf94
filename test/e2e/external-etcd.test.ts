import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { isInstalled } from '../harness/installed.ts';
import { Cluster } from '../harness/cluster.ts';
import { eventually, Machine } from '../harness/machine.ts';

const url = 'http://127.0.0.1:2379';
const peerUrl = 'http://127.0.0.1:2380';

(isInstalled('etcd') ? describe : describe.skip)('hyperkube server on a real etcd', () => {
    let machine: Machine;
    let cluster: Cluster;

    const etcdctl = async (...args: string[]): Promise<{ code: number; stdout: string }> =>
        await machine.run('etcdctl', [`--endpoints=${url}`, ...args], { env: { ETCDCTL_API: '3' } });
    const kubectl = async (command: string): Promise<string> => {
        const { code, stdout, stderr } = await cluster.kubectl(command);
        expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
        return stdout;
    };

    beforeAll(async () => {
        machine = await Machine.create();
        const flags = [
            `--data-dir=${join(machine.directory, 'etcd')}`,
            `--listen-client-urls=${url}`,
            `--advertise-client-urls=${url}`,
            `--listen-peer-urls=${peerUrl}`,
            `--initial-advertise-peer-urls=${peerUrl}`,
            `--initial-cluster=default=${peerUrl}`,
        ];
        machine.spawn('etcd', flags, join(machine.directory, 'etcd.log'));
        await eventually('etcd answers', async () => (await etcdctl('endpoint', 'health')).code === 0);
        const args = [`--etcd-servers=${url}`, '--disable', 'kubelet,proxy'];
        cluster = await Cluster.create({ machine, args, nodeless: true });
    }, 180_000);
    afterAll(async () => {
        await cluster.close();
    }, 60_000);

    it("runs the controllers, keeps upstream's keys, and has everything after a restart", async () => {
        await kubectl('create deployment web --image=x --replicas=2');
        await eventually('the pods are made', async () => {
            const pods = await kubectl('get pods -l app=web -o name');
            return pods.trim().split('\n').length === 2;
        });
        const { stdout } = await etcdctl('get', '--prefix', '/registry/', '--keys-only');
        expect(stdout).toContain('/registry/deployments/default/web\n');
        await cluster.stop();
        await cluster.start();
        expect(await kubectl('get deployment web -o jsonpath={.spec.replicas}')).toBe('2');
        await kubectl('delete deployment web');
        await eventually('the pods are gone', async () => (await kubectl('get pods -o name')) === '');
    }, 180_000);
});
