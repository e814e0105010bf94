import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getCondition } from '../../src/api/meta/conditions.ts';
import type { Stored, V1Node, V1Pod } from '../../src/api/meta/object.ts';
import { isReason } from '../../src/api/meta/status-error.ts';
import { leases, namespaces, nodes, pods } from '../../src/client/resource-type.ts';
import { ManualClock } from '../../src/client/testing/manual-clock.ts';
import { eventually } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

let fixture: ControllerFixture;
const clock = new ManualClock();
const namespace = 'default';

beforeAll(async () => {
    fixture = await startControllers(['node-lifecycle-controller', 'taint-eviction-controller'], { clock });
    const { admin } = fixture.api;
    // As the API server makes it when it starts for good.
    await admin
        .resource(namespaces)
        .create({ metadata: { name: 'kube-node-lease' } })
        .catch((error: unknown) => {
            if (!isReason(error, 'AlreadyExists')) throw error;
        });
});
afterAll(async () => {
    await fixture.stop();
});

const getNode = async (name: string): Promise<Stored<V1Node>> =>
    await fixture.api.admin.resource(nodes).get({ name });
const taintsOf = async (name: string): Promise<string[]> =>
    ((await getNode(name)).spec?.taints ?? [])
        .map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)
        .sort();
const getPod = async (name: string): Promise<Stored<V1Pod> | undefined> =>
    (await fixture.api.admin.resource(pods).list({ namespace })).items.find(
        ({ metadata }) => metadata.name === name,
    );

async function makeNode(name: string): Promise<void> {
    const { admin } = fixture.api;
    const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
    await admin.resource(nodes).create({ metadata: { name }, spec: { taints } });
    await admin
        .resource(leases)
        .create({ metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name } });
}
const ready = async (name: string, status = 'True'): Promise<void> => {
    const condition = { type: 'Ready', status, lastHeartbeatTime: new Date(clock.nowMs()).toISOString() };
    const pressure = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
        type,
        status: 'False',
    }));
    await fixture.api.admin
        .resource(nodes)
        .patch(
            { name },
            { type: 'strategic', body: { status: { conditions: [condition, ...pressure] } } },
            { subresource: 'status' },
        );
};
let renewals = 0;
const renew = async (name: string): Promise<void> => {
    const renewTime = new Date(Date.UTC(2024, 0, 1) + ++renewals * 1000).toISOString().replace('Z', '000Z');
    await fixture.api.admin
        .resource(leases)
        .patch({ namespace: 'kube-node-lease', name }, { type: 'merge', body: { spec: { renewTime } } });
};
async function makePod(name: string, nodeName: string, tolerationSeconds?: number): Promise<void> {
    const tolerations =
        tolerationSeconds === undefined
            ? []
            : [
                  {
                      key: 'node.kubernetes.io/unreachable',
                      operator: 'Exists',
                      effect: 'NoExecute',
                      tolerationSeconds,
                  },
              ];
    const resource = fixture.api.admin.resource(pods);
    const pod = await resource.create({
        metadata: { name, namespace },
        spec: { nodeName, tolerations, containers: [{ name: 'c', image: 'x' }] },
    });
    await resource.updateStatus({
        ...pod,
        status: { ...pod.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
}

describe('a node', () => {
    it('loses its first taint when it becomes ready', async () => {
        for (const name of ['a', 'b']) await makeNode(name);
        expect(await taintsOf('a')).toContain('not-ready:NoSchedule');
        for (const name of ['a', 'b']) await ready(name);
        await eventually('no taint is left', async () => (await taintsOf('a')).length === 0);
        await eventually('nor on the other', async () => (await taintsOf('b')).length === 0);
    });

    it('is tainted while it is cordoned', async () => {
        const patch = async (unschedulable: boolean): Promise<void> => {
            const body = { spec: { unschedulable } };
            await fixture.api.admin.resource(nodes).patch({ name: 'a' }, { type: 'merge', body });
        };
        await patch(true);
        await eventually('tainted', async () => (await taintsOf('a')).join() === 'unschedulable:NoSchedule');
        await patch(false);
        await eventually('not any more', async () => (await taintsOf('a')).length === 0);
    });

    it('stays ready as long as its lease is renewed', async () => {
        await makePod('brief', 'b', 30);
        await makePod('long', 'b', 300);
        await makePod('bare', 'a');
        for (let i = 0; i < 12; i++) {
            await renew('a');
            await renew('b');
            await new Promise((resolve) => setTimeout(resolve, 5));
            await clock.advance(10_000);
        }
        expect(getCondition((await getNode('b')).status?.conditions, 'Ready')?.status).toBe('True');
    });

    it('becomes Unknown without heartbeats, with unready pods and a taint that drives them out', async () => {
        for (let i = 0; i < 6; i++) {
            await renew('a');
            await new Promise((resolve) => setTimeout(resolve, 5));
            await clock.advance(10_000);
        }
        const lost = await eventually('it is Unknown', async () => {
            const condition = getCondition((await getNode('b')).status?.conditions, 'Ready');
            return condition?.status === 'Unknown' && condition;
        });
        expect(lost).toMatchObject({
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
        });
        await eventually(
            'it is tainted',
            async () => (await taintsOf('b')).join() === 'unreachable:NoExecute,unreachable:NoSchedule',
        );
        await eventually('its pods are not ready', async () => {
            const pod = await getPod('long');
            return getCondition(pod?.status?.conditions, 'Ready')?.status === 'False';
        });
        expect(getCondition((await getPod('bare'))?.status?.conditions, 'Ready')?.status).toBe('True');
        expect((await getPod('brief'))?.metadata.deletionTimestamp).toBeUndefined();
        await renew('a');
        await new Promise((resolve) => setTimeout(resolve, 5));
        await clock.advance(31_000);
        const evicted = await eventually('the one with the short toleration goes', async () => {
            const pod = await getPod('brief');
            return pod?.metadata.deletionTimestamp !== undefined && pod;
        });
        expect(getCondition(evicted.status?.conditions, 'DisruptionTarget')).toMatchObject({
            status: 'True',
            reason: 'DeletionByTaintManager',
        });
        expect((await getPod('long'))?.metadata.deletionTimestamp).toBeUndefined();
    });

    it('that comes back is ready for pods again, and no more of them go', async () => {
        await ready('b');
        await eventually('no taint is left', async () => (await taintsOf('b')).length === 0);
        for (let i = 0; i < 30; i++) {
            await renew('a');
            await renew('b');
            await new Promise((resolve) => setTimeout(resolve, 5));
            await clock.advance(10_000);
        }
        expect((await getPod('long'))?.metadata.deletionTimestamp).toBeUndefined();
    });

    it('is not evicted from when no node is heard of', async () => {
        await clock.advance(120_000);
        for (const name of ['a', 'b']) {
            await eventually(`${name} is Unknown`, async () =>
                (await taintsOf(name)).includes('unreachable:NoSchedule'),
            );
        }
        await clock.advance(120_000);
        await eventually('no NoExecute taint', async () => {
            const taints = [...(await taintsOf('a')), ...(await taintsOf('b'))];
            return taints.every((taint) => taint === 'unreachable:NoSchedule');
        });
    });
});
