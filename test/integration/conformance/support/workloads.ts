import { expect } from '@jest/globals';
import { eventually } from '../../support/api-server.ts';
import type { Cluster, Thing } from './cluster.ts';
import { conditionOf, type Pod, podSpec } from './objects.ts';

/** Where a namespace has its objects: "apps/v1" and "deployments", or "v1" and "pods". */
export const pathIn = (namespace: string, apiVersion: string, plural: string): string =>
    `/${apiVersion === 'v1' ? 'api' : 'apis'}/${apiVersion}/namespaces/${namespace}/${plural}`;

/** Selector and template of pods with one label. */
export const selecting = (app: string, image?: string) => ({
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: podSpec(image) },
});

export async function podsWith(cluster: Cluster, namespace: string, app: string): Promise<Pod[]> {
    const path = `${pathIn(namespace, 'v1', 'pods')}?labelSelector=app%3D${app}`;
    return (await cluster.list<Pod>(path)).items;
}

/** Waits until so many pods with the label run. */
export async function runningPods(
    cluster: Cluster,
    namespace: string,
    { app, count }: { app: string; count: number },
): Promise<Pod[]> {
    return await eventually(`${count} pods of ${app} run`, async () => {
        const pods = await podsWith(cluster, namespace, app);
        return pods.length === count && pods.every(({ status }) => status?.phase === 'Running') && pods;
    });
}

interface WithReplicas extends Thing {
    spec: { replicas?: number };
    status?: { replicas?: number; readyReplicas?: number; observedGeneration?: number };
}

/** Waits until status says that so many replicas are ready. */
export async function readyReplicas(cluster: Cluster, path: string, count: number): Promise<void> {
    await eventually(`${path} has ${count} ready replicas`, async () => {
        const { status } = await cluster.get<WithReplicas>(path);
        return status?.replicas === count && (status.readyReplicas ?? 0) === count;
    });
}

/** Reads, updates and patches the scale of an object that has one replica, and waits for its pods. */
export async function expectScale(cluster: Cluster, path: string): Promise<void> {
    const scale = await cluster.get<WithReplicas>(`${path}/scale`);
    expect(scale).toMatchObject({ apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 1 } });
    expect(scale.status?.replicas).toBe(1);
    const updated = await cluster.change<WithReplicas>(`${path}/scale`, ({ spec }) => {
        spec.replicas = 2;
    });
    expect(updated.spec.replicas).toBe(2);
    expect((await cluster.get<WithReplicas>(path)).spec.replicas).toBe(2);
    await readyReplicas(cluster, path, 2);
    const patched = await cluster.patch<WithReplicas>(`${path}/scale`, 'merge', { spec: { replicas: 4 } });
    expect(patched.spec.replicas).toBe(4);
    await readyReplicas(cluster, path, 4);
    expect((await cluster.get<WithReplicas>(`${path}/scale`)).status?.replicas).toBe(4);
}

type WithConditions = Thing & { status?: { conditions?: { type: string; [field: string]: unknown }[] } };

/** Reads the status of an object, updates it with a condition and patches it; a watch sees both. */
export async function expectStatusOperations(cluster: Cluster, path: string): Promise<void> {
    const status = `${path}/status`;
    const [list, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
    const watch = await cluster.watch<WithConditions>(`${list}?fieldSelector=metadata.name%3D${name}`);
    const found = await cluster.get<WithConditions>(status);
    expect(found.metadata.name).toBe(name);

    const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const updated = await cluster.change<WithConditions>(status, (object) => {
        object.status = { ...object.status };
        object.status.conditions = [...(object.status.conditions ?? []), condition];
    });
    expect(conditionOf(updated.status?.conditions, 'StatusUpdate')).toMatchObject(condition);
    const patch = { type: 'StatusPatched', status: 'True' };
    await watch.until(({ object }) => conditionOf(object.status?.conditions, 'StatusUpdate') !== undefined);
    const patched = await cluster.patch<WithConditions>(status, 'merge', {
        metadata: { annotations: { patchedstatus: 'true' } },
        status: { conditions: [patch] },
    });
    expect(conditionOf(patched.status?.conditions, 'StatusPatched')).toMatchObject(patch);
    await watch.until(({ object }) => conditionOf(object.status?.conditions, 'StatusPatched') !== undefined);
    watch.close();
}
