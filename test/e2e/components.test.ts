import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, hyperkubeBinary } from '../harness/cluster.ts';
import { Kubectl } from '../harness/kubectl.ts';
import { expectNothingLeft } from '../harness/leftovers.ts';
import { eventually } from '../harness/machine.ts';
import { type CommandResult, endProcess } from '../harness/processes.ts';

let cluster: Cluster;
let kubectl: Kubectl;

const at = (...parts: string[]): string => join(cluster.machine.directory, ...parts);
const configOf = (name: string): string => `--kubeconfig=${at('kubernetes', `${name}.conf`)}`;

/** Starts a component as its own process; its log is a file with its name. */
function startComponent(name: string, args: readonly string[]): ReturnType<Cluster['machine']['spawn']> {
    return cluster.machine.spawn(process.execPath, [hyperkubeBinary, name, ...args], at(`${name}.log`));
}

async function hyperkube(...args: string[]): Promise<CommandResult> {
    return await cluster.machine.run(process.execPath, [hyperkubeBinary, ...args], { timeoutMs: 20_000 });
}

beforeAll(async () => {
    cluster = await Cluster.create({ command: 'apiserver', nodeless: true });
    kubectl = new Kubectl(cluster);
}, 120_000);

afterAll(async () => {
    await cluster.close();
    expectNothingLeft(cluster.machine);
}, 60_000);

describe('components as processes of their own, over kubeconfigs', () => {
    it('the API server alone accepts objects, and nothing happens to them', async () => {
        await kubectl.ok('create configmap alone --from-literal=a=b');
        expect(await kubectl.ok('get nodes')).toBe('');
    });

    it('controllers, scheduler, kubelet and proxy beside it run a Deployment behind a Service', async () => {
        const pki = (file: string): string => at('kubernetes', 'pki', file);
        startComponent('controller-manager', [
            configOf('controller-manager'),
            `--service-account-private-key-file=${pki('sa.key')}`,
            `--root-ca-file=${pki('ca.crt')}`,
        ]);
        startComponent('kube-scheduler', [configOf('scheduler')]);
        startComponent('kubelet', [
            configOf('kubelet'),
            `--node-ip=${cluster.machine.ip}`,
            `--root-dir=${at('kubelet')}`,
            `--container-runtime-endpoint=${cluster.machine.dockerHost}`,
        ]);
        startComponent('proxy', [configOf('kube-proxy')]);
        await kubectl.ok('create deployment web --image=hyperkube/hello:1 --replicas=2 --port=80');
        await kubectl.ok('expose deployment web');
        await kubectl.ok('rollout status deployment/web --timeout=60s');
        const ip = await kubectl.ok('get service web -o jsonpath={.spec.clusterIP}');
        await eventually('both replicas answer', async () => {
            const pages = await cluster.fetchPages(`http://${ip}/`, 20);
            return pages.every((page) => typeof page === 'string') && new Set(pages).size === 2;
        });
    }, 120_000);

    it('the scheduler and the controllers hold their leases', async () => {
        const leases = await kubectl.ok('get leases -n kube-system --no-headers');
        expect(leases).toMatch(/^kube-scheduler\s+\S+/m);
        expect(leases).toMatch(/^kube-controller-manager\s+\S+/m);
    });

    it('a second scheduler waits until the first one is gone', async () => {
        const second = startComponent('scheduler', [
            configOf('scheduler'),
            '--leader-elect-lease-duration=15s',
        ]);
        const holder = async () =>
            await kubectl.ok('get lease kube-scheduler -n kube-system -o jsonpath={.spec.holderIdentity}');
        const first = await holder();
        await kubectl.ok('scale deployment web --replicas=3');
        await kubectl.ok('rollout status deployment/web --timeout=60s');
        expect(await holder()).toBe(first);
        await endProcess(second);
        expect(second.exitCode).toBe(0);
    }, 90_000);
});

describe('the command line', () => {
    it.each([['server'], ['apiserver'], ['controller'], ['scheduler'], ['kubelet'], ['proxy']])(
        '%s refuses an unknown flag and suggests the nearest',
        async (component) => {
            const known =
                component === 'apiserver'
                    ? 'service-cluster-ip-range'
                    : component === 'server'
                      ? 'node-name'
                      : 'kubeconfig';
            const { code, stderr } = await hyperkube(component, `--${known.slice(0, -1)}x=1`);
            expect(code).not.toBe(0);
            expect(stderr).toContain(`unknown option '--${known.slice(0, -1)}x=1'`);
            expect(stderr).toMatch(new RegExp(`Did you mean --${known}\\?`));
        },
        30_000,
    );

    it('an unknown command is refused with the nearest one', async () => {
        const { code, stderr } = await hyperkube('schedular');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/Did you mean scheduler\?/);
    });

    it('a value of the wrong kind is refused', async () => {
        const { code, stderr } = await hyperkube('apiserver', '--secure-port=seventy');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/expected a whole number from 0 to 65535/);
    });

    it('a component without a kubeconfig says which file it wants', async () => {
        const { code, stderr } = await hyperkube('scheduler');
        expect(code).not.toBe(0);
        expect(stderr).toContain('--kubeconfig is required');
    });

    it('version names hyperkube and Kubernetes', async () => {
        const { stdout } = await hyperkube('version');
        expect(stdout).toMatch(/^hyperkube \S+ \(Kubernetes v1\.36\.\d+/);
        expect(JSON.parse((await hyperkube('version', '-o', 'json')).stdout)).toHaveProperty('gitVersion');
    });

    it('a configuration file sets flags, the command line wins, wrong entries are refused', async () => {
        const config = at('apiserver.yaml');
        writeFileSync(config, 'secure-port: 7443\nservice-cluster-ip-range: 10.97.0.0/16\n');
        const args = [
            `--config=${config}`,
            `--data-dir=${at('other')}`,
            `--config-dir=${at('other-config')}`,
            '--listen-client-urls=https://127.0.0.1:7379',
        ];
        const child = startComponent('apiserver', [
            ...args,
            `--node-ip=${cluster.machine.ip}`,
            '--secure-port=7444',
        ]);
        const other = (command: string) =>
            cluster.kubectl(command, { env: { KUBECONFIG: at('other-config', 'admin.conf') } });
        await eventually('it is ready', async () => (await other('get --raw /readyz')).code === 0);
        expect((await other('config view')).stdout).toContain(':7444');
        const service = await other('get service kubernetes -o jsonpath={.spec.clusterIP}');
        expect(service.stdout).toBe('10.97.0.1');
        await endProcess(child);
        const taken = await hyperkube('apiserver', ...args, '--listen-client-urls=https://127.0.0.1:2379');
        expect(taken.code).not.toBe(0);
        expect(taken.stdout + taken.stderr).toContain('--listen-client-urls: cannot listen on');
        writeFileSync(config, 'secure-prt: 7443\n');
        const { code, stderr } = await hyperkube('apiserver', `--config=${config}`);
        expect(code).not.toBe(0);
        expect(stderr).toContain('unknown entry "secure-prt" (did you mean secure-port?)');
    }, 60_000);

    it('linked as kube-scheduler it is the scheduler', async () => {
        const link = at('kube-scheduler');
        symlinkSync(hyperkubeBinary, link);
        const { stdout, code } = await cluster.machine.run(link, ['--help']);
        expect(code).toBe(0);
        expect(stdout).toMatch(/Usage: .*scheduler/);
        expect(stdout).toContain('--kubeconfig');
    });
});
