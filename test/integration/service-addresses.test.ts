import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:https';
import { promisify } from 'node:util';
import type { Stored, V1IPAddress, V1Service, V1ServiceCIDR } from '../../src/api/meta/object.ts';
import { ipAddresses, serviceCidrs, services } from '../../src/client/resource-type.ts';
import { createAuthority } from '../../src/pki/authority.ts';
import { openMemoryStore } from '../../src/store/mvcc/open-store.ts';
import type { Store, TxnRequest } from '../../src/store/store.ts';
import { systemClock } from '../../src/util/clock.ts';
import { eventually, startApiServer } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

const namespace = 'default';
const finalizer = 'networking.k8s.io/service-cidr-finalizer';
let fixture: ControllerFixture;
let store: Store;
/** Every transaction that the store was asked for. */
const written: TxnRequest[] = [];

beforeAll(async () => {
    store = await openMemoryStore();
    const txn = store.txn.bind(store);
    store.txn = async (request) => {
        written.push(request);
        return await txn(request);
    };
    // The controller waits 10 seconds before it lets a range go: for it they are over at once.
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + 11_000 };
    const server = { store, isBootstrapped: true };
    fixture = await startControllers(['service-cidr-controller'], { clock, server });
});
afterAll(async () => {
    await fixture.stop();
    await store.close();
});

const all = <T>(make: () => Promise<{ items: T[] }>) => make().then(({ items }) => items);
const addressNames = async (): Promise<string[]> =>
    (await all(() => fixture.api.admin.resource(ipAddresses).list())).map(({ metadata }) => metadata.name);
const createService = async (name: string, spec: V1Service['spec'] = {}): Promise<Stored<V1Service>> =>
    await fixture.api.admin
        .resource(services)
        .create({ metadata: { namespace, name }, spec: { ports: [{ port: 80 }], ...spec } });
const addressOf = ({ spec }: V1Service): string => spec?.clusterIP ?? '';
const createRange = async (name: string, ...cidrs: string[]): Promise<void> => {
    await fixture.api.admin.resource(serviceCidrs).create({ metadata: { name }, spec: { cidrs } });
    await eventually('the range is ready', async () => (await rangeOf(name))?.status?.conditions?.length);
};
const rangeOf = async (name: string): Promise<Stored<V1ServiceCIDR> | undefined> =>
    (await all(() => fixture.api.admin.resource(serviceCidrs).list())).find(
        ({ metadata }) => metadata.name === name,
    );
async function kubectl(args: string[], input = ''): Promise<{ stdout: string; stderr: string }> {
    const given = ['--kubeconfig', fixture.api.kubeconfig, ...args];
    const running = promisify(execFile)('kubectl', given);
    running.child.stdin?.end(input);
    return await running.catch((error: unknown) => {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        return { stdout, stderr };
    });
}

describe('an IPAddress', () => {
    it('is there for the Service kubernetes, as kubectl shows it, with its range', async () => {
        const addresses = await kubectl(['get', 'ipaddresses']);
        expect(addresses.stdout).toMatch(
            /^NAME +PARENTREF +AGE\n10\.96\.0\.1 +services\/default\/kubernetes +\S+\n$/,
        );
        await eventually('it has its finalizer', async () =>
            (await rangeOf('kubernetes'))?.metadata.finalizers?.includes(finalizer),
        );
        const ranges = await kubectl(['get', 'servicecidrs']);
        expect(ranges.stdout).toMatch(/^NAME +CIDRS +AGE\nkubernetes +10\.96\.0\.0\/16 +\S+\n$/);
        await eventually('the controller says that it is ready', async () => {
            const [ready] = (await rangeOf('kubernetes'))?.status?.conditions ?? [];
            return ready?.message === 'Kubernetes Service CIDR is ready' && ready.status === 'True';
        });
    });

    it('comes and goes with a Service, in the one transaction that writes it', async () => {
        written.length = 0;
        const service = await createService('web');
        expect(written).toHaveLength(1);
        const name = addressOf(service);
        const address = await fixture.api.admin.resource(ipAddresses).get({ name });
        expect(address).toMatchObject({
            metadata: {
                labels: {
                    'ipaddress.kubernetes.io/ip-family': 'IPv4',
                    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
                },
                resourceVersion: service.metadata.resourceVersion,
                managedFields: [{ manager: 'kube-apiserver', operation: 'Update' }],
            },
            spec: { parentRef: { resource: 'services', namespace, name: 'web' } },
        });
        expect(address.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        written.length = 0;
        await fixture.api.admin.resource(services).delete({ namespace, name: 'web' });
        expect(written).toHaveLength(1);
        expect(await addressNames()).not.toContain(name);
    });

    it('comes and goes with the type of a Service, and with its last finalizer', async () => {
        const client = fixture.api.admin.resource(services);
        const ref = { namespace, name: 'outside' };
        const external = await createService('outside', {
            type: 'ExternalName',
            externalName: 'example.org',
        });
        expect(external.spec?.clusterIP).toBeUndefined();
        const body = {
            metadata: { finalizers: ['example.org/wait'] },
            spec: { type: 'ClusterIP', externalName: null },
        };
        const inside = addressOf(await client.patch(ref, { type: 'merge', body }));
        expect(await addressNames()).toContain(inside);
        await client.delete(ref);
        expect(await addressNames()).toContain(inside);
        await client.patch(ref, { type: 'merge', body: { metadata: { finalizers: null } } });
        expect(await addressNames()).not.toContain(inside);

        const name = addressOf(await createService('leaving'));
        const spec = { type: 'ExternalName', externalName: 'example.org' };
        await client.patch({ namespace, name: 'leaving' }, { type: 'merge', body: { spec } });
        expect(await addressNames()).not.toContain(name);
    });

    it('of a user keeps the address from Services', async () => {
        const parentRef = { group: 'gateway.networking.k8s.io', resource: 'gateways', namespace, name: 'g' };
        const address: V1IPAddress = { metadata: { name: '10.96.77.1' }, spec: { parentRef } };
        await fixture.api.admin.resource(ipAddresses).create(address);
        await expect(createService('late', { clusterIP: '10.96.77.1' })).rejects.toThrow(
            'failed to allocate IP 10.96.77.1: provided IP is already allocated',
        );
        const { stdout } = await kubectl(['get', 'ipaddress', '10.96.77.1']);
        expect(stdout).toContain('gateways.gateway.networking.k8s.io/default/g');
    });

    it('is not made for a dry run, nor for a headless Service', async () => {
        const before = await addressNames();
        const dry = { metadata: { namespace, name: 'dry' }, spec: { ports: [{ port: 80 }] } };
        const made = await fixture.api.admin.resource(services).create(dry, { dryRun: true });
        expect(addressOf(made)).toMatch(/^10\.96\./);
        await createService('headless', { clusterIP: 'None' });
        expect(await addressNames()).toEqual(before);
    });

    it('is given once, however many ask at the same time', async () => {
        const range = '10.100.0.0/29';
        await createRange('narrow', range);
        const wanted = Array.from({ length: 6 }, (_, index) => `10.100.0.${index + 1}`);
        const outcomes = await Promise.allSettled(
            [...wanted, ...wanted].map(
                async (clusterIP, index) => await createService(`n-${index}`, { clusterIP }),
            ),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(wanted.length);
        const names = await addressNames();
        expect(names.filter((name) => name.startsWith('10.100.'))).toEqual(wanted);
    });
});

describe('two API servers on one store', () => {
    it('never give one address twice, whether it was asked for or not', async () => {
        const other = await startApiServer({ store });
        try {
            const clients = [fixture.api.admin, other.admin];
            const wanted = Array.from({ length: 20 }, (_, index) => `10.96.55.${index + 1}`);
            const asked = [...wanted, ...wanted.map(() => undefined)];
            const outcomes = await Promise.allSettled(
                clients.flatMap((client, server) =>
                    asked.map(async (clusterIP, index) => {
                        const metadata = { namespace, name: `both-${server}-${index}` };
                        const spec = { ports: [{ port: 80 }], ...(clusterIP && { clusterIP }) };
                        return await client.resource(services).create({ metadata, spec });
                    }),
                ),
            );
            const made = outcomes.flatMap((one) =>
                one.status === 'fulfilled' ? [addressOf(one.value)] : [],
            );
            const refused = outcomes.flatMap((one) =>
                one.status === 'rejected' ? [String(one.reason)] : [],
            );
            expect(made).toHaveLength(60);
            expect(new Set(made).size).toBe(60);
            expect(refused).toHaveLength(20);
            for (const one of refused) expect(one).toContain('provided IP is already allocated');
            expect(await addressNames()).toEqual(expect.arrayContaining(made));
        } finally {
            await other.stop();
        }
    });
});

describe('the repair', () => {
    it('makes what was deleted anew, and deletes what belongs to nobody', async () => {
        const name = addressOf(await createService('kept'));
        const client = fixture.api.admin.resource(ipAddresses);
        const { uid } = (await client.get({ name })).metadata;
        await client.delete({ name });
        await eventually('it is there again', async () =>
            (await all(() => client.list())).some(
                ({ metadata }) => metadata.name === name && metadata.uid !== uid,
            ),
        );
        const orphan = '10.96.88.1';
        await client.create({
            metadata: {
                name: orphan,
                labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
            },
            spec: { parentRef: { resource: 'services', namespace, name: 'nobody' } },
        });
        await eventually('the orphan has gone', async () => !(await addressNames()).includes(orphan));
    });
});

describe('a ServiceCIDR', () => {
    const client = () => fixture.api.admin.resource(serviceCidrs);

    it('gives its addresses to Services, and stays as long as they need it', async () => {
        await createRange('more', '10.99.0.0/24');
        const service = await createService('far', { clusterIP: '10.99.0.7' });
        expect((await rangeOf('more'))?.metadata.finalizers).toEqual([finalizer]);
        await client().delete({ name: 'more' });
        const held = await eventually('it says why it stays', async () => {
            const range = await rangeOf('more');
            return range?.status?.conditions?.[0]?.reason === 'Terminating' ? range : undefined;
        });
        expect(held.status?.conditions?.[0]).toMatchObject({
            type: 'Ready',
            status: 'False',
            message:
                'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
        });
        await expect(createService('further', { clusterIP: '10.99.0.8' })).rejects.toThrow(
            'failed to allocate IP 10.99.0.8: the provided network does not match the current range',
        );
        await fixture.api.admin.resource(services).delete({ namespace, name: service.metadata.name });
        await eventually('it has gone', async () => (await rangeOf('more')) === undefined);
    });

    it('goes at once where another one has its network', async () => {
        await createRange('inner', '10.98.1.0/24');
        await createService('inside', { clusterIP: '10.98.1.7' });
        await client().delete({ name: 'inner' });
        await eventually(
            'it waits',
            async () => (await rangeOf('inner'))?.status?.conditions?.[0]?.status === 'False',
        );
        await createRange('outer', '10.98.0.0/16');
        await eventually('it has gone', async () => (await rangeOf('inner')) === undefined);
    });

    it('is made again when it is that of the cluster', async () => {
        // Another one has its network meanwhile, or addresses in use would keep it.
        await createRange('twin', '10.96.0.0/16');
        const uid = (await rangeOf('kubernetes'))?.metadata.uid;
        await client().delete({ name: 'kubernetes' });
        await eventually('there is a new one', async () => {
            const range = await rangeOf('kubernetes');
            return range !== undefined && range.metadata.uid !== uid;
        });
    });

    it.each([
        [[], 'spec.cidrs: Required value: at least one CIDR required'],
        [
            ['10.1.0.0/24', '10.2.0.0/24'],
            'spec.cidrs: Invalid value: {"CIDRs":["10.1.0.0/24","10.2.0.0/24"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
        ],
        [
            ['10.1.0.5/24'],
            'spec.cidrs[0]: Invalid value: "10.1.0.5/24": must not have bits set beyond the prefix length',
        ],
    ])('with the networks %j is refused', async (cidrs, message) => {
        await expect(client().create({ metadata: { name: 'bad' }, spec: { cidrs } })).rejects.toThrow(
            message,
        );
    });

    it('keeps its networks, but a second family may come', async () => {
        await createRange('fixed', '10.97.0.0/24');
        const patch = async (...cidrs: string[]): Promise<Stored<V1ServiceCIDR>> =>
            await client().patch({ name: 'fixed' }, { type: 'merge', body: { spec: { cidrs } } });
        await expect(patch('10.97.1.0/24')).rejects.toThrow(
            'spec.cidrs[0]: Invalid value: "10.97.1.0/24": field is immutable',
        );
        expect((await patch('10.97.0.0/24', '2001:db8::/112')).spec?.cidrs).toHaveLength(2);
        await expect(patch('10.97.0.0/24')).rejects.toThrow(
            'spec.cidrs: Invalid value: ["10.97.0.0/24"]: field is immutable',
        );
    });
});

describe('kubectl get componentstatuses', () => {
    let component: Server;
    let path = '';
    beforeAll(async () => {
        const { cert, key } = await createAuthority('scheduler', {
            notBefore: new Date(Date.now() - 3_600_000),
            notAfter: new Date(Date.now() + 3_600_000),
        });
        component = createServer({ cert, key }, (request, response) => {
            path = request.url ?? '';
            response.end('ok');
        });
        await new Promise<void>((resolve) => component.listen(10_259, '127.0.0.1', resolve));
    });
    afterAll(() => {
        component.close();
    });

    it('asks the store, and the components at their ports', async () => {
        const { stdout, stderr } = await kubectl(['get', 'cs']);
        expect(stderr).toContain('Warning: v1 ComponentStatus is deprecated in v1.19+');
        const lines = stdout
            .trimEnd()
            .split('\n')
            .map((line) => line.trimEnd().split(/ {3,}/));
        expect(lines).toEqual([
            ['NAME', 'STATUS', 'MESSAGE', 'ERROR'],
            ['etcd-0', 'Healthy', 'ok'],
            [
                'controller-manager',
                'Unhealthy',
                'Get "https://127.0.0.1:10257/healthz": dial tcp 127.0.0.1:10257: connect: connection refused',
            ],
            ['scheduler', 'Healthy', 'ok'],
        ]);
        expect(path).toBe('/healthz');
    });

    it('names one, selects, and knows no other', async () => {
        const one = await kubectl(['get', 'componentstatus', 'scheduler', '-o', 'json']);
        expect(JSON.parse(one.stdout)).toMatchObject({
            kind: 'ComponentStatus',
            metadata: { name: 'scheduler' },
            conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
        });
        const none = await kubectl(['get', 'cs', '-l', 'a=b']);
        expect(none.stdout + none.stderr).toContain('No resources found');
        const named = await kubectl(['get', 'cs', '--field-selector', 'metadata.name=etcd-0', '-o', 'name']);
        expect(named.stdout).toBe('componentstatus/etcd-0\n');
        expect((await kubectl(['get', 'cs', 'kubelet'])).stderr).toContain('Component not found: kubelet');
    });
});

describe('addresses in odd forms', () => {
    const odd = '2001:DB8:0:0::1';
    const should = (path: string) =>
        `Warning: ${path}: IPv6 address "${odd}" should be in RFC 5952 canonical format ("2001:db8::1")`;
    const shouldNetwork = (path: string) =>
        `Warning: ${path}: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")`;

    it('are warned of in every kind that has some, and in the status of Services', async () => {
        const metadata = { name: 'odd', namespace };
        const from = [{ ipBlock: { cidr: '2001:DB8::/64' } }];
        const balancer = {
            type: 'LoadBalancer',
            ports: [{ port: 80 }],
            externalIPs: [odd],
            loadBalancerIP: odd,
        };
        const items = [
            {
                apiVersion: 'v1',
                kind: 'Service',
                metadata,
                spec: { ...balancer, loadBalancerSourceRanges: ['2001:DB8::/64'] },
            },
            {
                apiVersion: 'networking.k8s.io/v1',
                kind: 'NetworkPolicy',
                metadata,
                spec: { podSelector: {}, ingress: [{ from }] },
            },
            {
                apiVersion: 'discovery.k8s.io/v1',
                kind: 'EndpointSlice',
                metadata,
                addressType: 'IPv6',
                endpoints: [{ addresses: [odd] }],
            },
            {
                apiVersion: 'v1',
                kind: 'Endpoints',
                metadata,
                subsets: [{ notReadyAddresses: [{ ip: odd }] }],
            },
            {
                apiVersion: 'v1',
                kind: 'Pod',
                metadata,
                spec: {
                    containers: [{ name: 'a', image: 'a' }],
                    hostAliases: [{ ip: odd, hostnames: ['a'] }],
                    dnsConfig: { nameservers: [odd] },
                },
            },
            {
                apiVersion: 'v1',
                kind: 'Node',
                metadata: { name: 'odd' },
                spec: { podCIDRs: ['2001:DB8::/64'] },
            },
        ];
        const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
        const { stderr } = await kubectl(['create', '--validate=false', '-f', '-'], list);
        for (const warning of [
            should('spec.externalIPs[0]'),
            should('spec.loadBalancerIP'),
            shouldNetwork('spec.loadBalancerSourceRanges[0]'),
            shouldNetwork('spec.ingress[0].from[0].ipBlock.cidr'),
            should('endpoints[0].addresses[0]'),
            should('subsets[0].notReadyAddresses[0].ip'),
            should('spec.hostAliases[0].ip'),
            should('spec.dnsConfig.nameservers[0]'),
            shouldNetwork('spec.podCIDRs[0]'),
        ])
            expect(stderr).toContain(warning);
        const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: odd }] } } });
        const options = ['--subresource=status', '--type=merge', '-p', patch];
        const written = await kubectl(['patch', 'service', 'odd', ...options]);
        expect(written.stderr).toContain(should('status.loadBalancer.ingress[0]'));
    });
});

// Clients inside the process end with the server: nothing may come after this.
describe('a server that starts again', () => {
    it('makes what a cluster from before lacks, and writes nothing when nothing does', async () => {
        const ofKept = await fixture.api.admin.resource(services).get({ namespace, name: 'kept' });
        const before = await addressNames();
        const key = `/registry/ipaddresses/${addressOf(ofKept)}`;
        await fixture.api.restart(async () => {
            await store.txn({ compares: [], success: [{ type: 'delete', key }], failure: [] });
            written.length = 0;
        });
        const puts = (): string[] =>
            written.flatMap(({ success }) =>
                success.flatMap((op) =>
                    op.type === 'put' && !op.key.startsWith('/registry/events/') ? [op.key] : [],
                ),
            );
        expect(puts()).toEqual([key]);
        await fixture.api.restart(async () => {
            written.length = 0;
            await Promise.resolve();
        });
        expect(puts()).toEqual([]);
        const { stdout } = await kubectl(['get', 'ipaddresses', '-o', 'jsonpath={.items[*].metadata.name}']);
        expect(stdout.split(' ')).toEqual(before);
    });
});
