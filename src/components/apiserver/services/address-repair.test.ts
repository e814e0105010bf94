import { afterEach, expect, it } from '@jest/globals';
import type { V1IPAddress, V1Service, V1ServiceCIDR } from '../../../api/meta/object.ts';
import { ipAddresses, serviceCidrs, services } from '../../../client/resource-type.ts';
import { systemClock } from '../../../util/clock.ts';
import { silentLogger } from '../../../util/logger.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { addressObject } from './address-object.ts';
import { AddressRepair } from './address-repair.ts';

const range: V1ServiceCIDR = { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/24'] } };
const service = (name: string, ...clusterIPs: string[]): V1Service => ({
    metadata: { namespace: 'default', name, uid: name },
    spec: { type: 'ClusterIP', clusterIP: clusterIPs[0], clusterIPs },
});
let repair: AddressRepair;
afterEach(async () => {
    await repair.stop();
});

async function start(...given: (V1Service | V1IPAddress)[]) {
    const reader = new MemoryReader().set(serviceCidrs, range);
    for (const one of given) reader.set('parentRef' in (one.spec ?? {}) ? ipAddresses : services, one);
    const client = new MemoryClient(reader);
    let ranges = 0;
    const events: string[] = [];
    repair = new AddressRepair({
        client,
        reader,
        clusterIpRange: '10.96.0.0/24',
        events: {
            event: ({ metadata }, type, reason, message) => {
                events.push(`${type} ${metadata?.name ?? ''} ${reason}: ${message}`);
            },
        },
        ensureRange: async () => {
            ranges += 1;
            await Promise.resolve();
        },
        clock: systemClock,
        logger: silentLogger(),
    });
    await repair.start();
    return { reader, writes: client.writes, events, ranges: () => ranges };
}

async function settled(check: () => boolean): Promise<void> {
    for (let turn = 0; turn < 100 && !check(); turn += 1) await new Promise(setImmediate);
    expect(check()).toBe(true);
}

it('makes what Services from before lack, once, and writes nothing where all is in order', async () => {
    const { writes } = await start(
        service('a', '10.96.0.1'),
        service('b', 'None'),
        service('c', '10.96.0.3'),
    );
    expect(writes).toEqual(['create ipaddresses 10.96.0.1', 'create ipaddresses 10.96.0.3']);
    await repair.stop();
    const owner = service('a', '10.96.0.1');
    expect((await start(owner, addressObject('10.96.0.1', owner))).writes).toEqual([]);
});

it('deletes what the allocator gave and nobody has, and leaves what users made', async () => {
    const { writes } = await start(addressObject('10.96.0.9', service('gone')), {
        metadata: { name: '10.96.0.8' },
        spec: { parentRef: { resource: 'services', namespace: 'default', name: 'gone' } },
    });
    expect(writes).toEqual(['delete ipaddresses 10.96.0.9']);
});

it('makes an IPAddress anew that names another owner or has lost its labels', async () => {
    const owner = service('a', '10.96.0.1', '10.96.0.2');
    const [wrong, bare] = [addressObject('10.96.0.1', service('x')), addressObject('10.96.0.2', owner)];
    const { writes, reader } = await start(owner, wrong, { ...bare, metadata: { name: '10.96.0.2' } });
    expect(writes).toEqual([
        'delete ipaddresses 10.96.0.1',
        'create ipaddresses 10.96.0.1',
        'delete ipaddresses 10.96.0.2',
        'create ipaddresses 10.96.0.2',
    ]);
    expect(reader.get(ipAddresses, '', '10.96.0.1')).toMatchObject(addressObject('10.96.0.1', owner));
});

it('takes sides neither between two Services with one address nor for one outside of every range', async () => {
    const owner = service('a', '10.96.0.1');
    const rest = [service('b', '10.96.0.1'), service('c', '192.168.0.1'), service('d', '10.96.0.255')];
    const own = addressObject('10.96.0.1', owner);
    const { writes, events, reader } = await start(owner, own, ...rest);
    expect(writes).toEqual([]);
    const outside = 'is not within any configured Service CIDR; please recreate service';
    expect(events).toEqual([
        'Warning b ClusterIPAlreadyAllocated: Cluster IP [IPv4]: 10.96.0.1 was assigned to multiple services; please recreate service',
        `Warning c ClusterIPOutOfRange: Cluster IP [IPv4]: 192.168.0.1 ${outside}`,
        `Warning d ClusterIPOutOfRange: Cluster IP [IPv4]: 10.96.0.255 ${outside}`,
    ]);
    // The owner goes with its IPAddress: the other one has the address for itself.
    reader.remove(services, owner);
    reader.remove(ipAddresses, own);
    await settled(() => writes.length === 1);
    expect(reader.get(ipAddresses, '', '10.96.0.1')).toMatchObject(
        addressObject('10.96.0.1', rest[0] ?? owner),
    );
});

it('answers changes: an IPAddress taken away, a Service gone without it, the range gone', async () => {
    const owner = service('a', '10.96.0.1');
    const own = addressObject('10.96.0.1', owner);
    const { reader, writes, ranges } = await start(owner, own);
    reader.remove(ipAddresses, own);
    await settled(() => writes.length === 1);
    reader.remove(services, owner);
    await settled(() => writes.length === 2);
    expect(writes).toEqual(['create ipaddresses 10.96.0.1', 'delete ipaddresses 10.96.0.1']);
    reader.remove(serviceCidrs, range);
    await settled(() => ranges() === 1);
});
