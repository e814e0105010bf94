import { expect, it } from '@jest/globals';
import type { V1PodDisruptionBudget } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import { expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live } from '../support/objects.ts';
import { pathIn, runningPods, selecting } from '../support/workloads.ts';

type Budget = Live<V1PodDisruptionBudget>;

/** Disruption budgets, and the evictions that they stop. */
export function disruptionCases(cluster: () => Cluster): void {
    const start = async (
        replicas: number,
        minAvailable: number | string,
    ): Promise<{ namespace: string; path: string }> => {
        const namespace = await cluster().namespace('disruption');
        const list = pathIn(namespace, 'policy/v1', 'poddisruptionbudgets');
        await cluster().create(pathIn(namespace, 'apps/v1', 'replicasets'), {
            metadata: { name: 'rs' },
            spec: { replicas, ...selecting('foo-bar') },
        });
        await cluster().create(list, {
            metadata: { name: 'foo' },
            spec: { selector: { matchLabels: { app: 'foo-bar' } }, minAvailable },
        });
        await runningPods(cluster(), namespace, { app: 'foo-bar', count: replicas });
        return { namespace, path: `${list}/foo` };
    };
    const counted = async (path: string, is: (budget: Budget) => boolean): Promise<Budget> =>
        await eventually('the budget is counted', async () => {
            const budget = await cluster().get<Budget>(path);
            const isSeen = budget.status?.observedGeneration === budget.metadata.generation;
            return isSeen && is(budget) && budget;
        });

    it('budgets are created, read, changed and deleted', async () => {
        const namespace = await cluster().namespace('disruption');
        await expectOperations(cluster(), {
            ...{
                group: 'policy',
                version: 'v1',
                plural: 'poddisruptionbudgets',
                kind: 'PodDisruptionBudget',
                namespace,
            },
            make: () => ({ spec: { selector: { matchLabels: { foo: 'bar' } }, minAvailable: 1 } }),
            patches: [
                {
                    type: 'strategic',
                    body: { spec: { minAvailable: '3%' } },
                    shows: { spec: { minAvailable: '3%' } },
                },
            ],
        });
    });

    it('the status of a budget is updated and patched', async () => {
        const { namespace, path } = await start(1, 1);
        const budget = await counted(path, ({ status }) => status?.currentHealthy === 1);
        expect(budget.status).toMatchObject({ disruptionsAllowed: 0, desiredHealthy: 1, expectedPods: 1 });
        expect(conditionOf(budget.status?.conditions, 'DisruptionAllowed')).toMatchObject({
            status: 'False',
            reason: 'InsufficientPods',
        });
        const [pod] = await runningPods(cluster(), namespace, { app: 'foo-bar', count: 1 });
        const disruptedPods = { [pod!.metadata.name]: new Date().toISOString().replace(/\.\d+/, '') };
        const updated = await cluster().change<Budget>(`${path}/status`, ({ status }) => {
            status!.disruptedPods = disruptedPods;
        });
        expect(updated.status?.disruptedPods).toEqual(disruptedPods);
        const patched = await cluster().patch<Budget>(`${path}/status`, 'merge', {
            status: { disruptedPods: null },
        });
        expect(patched.status?.disruptedPods).toBeUndefined();
    });

    it('an eviction is refused until the budget allows it', async () => {
        const { namespace, path } = await start(3, 3);
        await counted(path, ({ status }) => status?.currentHealthy === 3);
        const [pod] = await runningPods(cluster(), namespace, { app: 'foo-bar', count: 3 });
        const { name } = pod!.metadata;
        const eviction = `${pathIn(namespace, 'v1', 'pods')}/${name}/eviction`;
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
        const refusal = await cluster().refused('POST', eviction, { body });
        expect(refusal).toMatchObject({ code: 429, reason: 'TooManyRequests' });
        expect(refusal.details?.causes).toMatchObject([{ reason: 'DisruptionBudget' }]);

        await cluster().change<Budget>(path, ({ spec }) => {
            spec!.minAvailable = 2;
        });
        await counted(path, ({ status }) => status?.disruptionsAllowed === 1);
        await cluster().must('POST', eviction, { body });
        await cluster().patch(path, 'merge', { spec: { minAvailable: 3 } });
        await counted(path, ({ status }) => status?.currentHealthy === 3 && status.disruptionsAllowed === 0);
        const [next] = await runningPods(cluster(), namespace, { app: 'foo-bar', count: 3 });
        const other = { ...body, metadata: { name: next!.metadata.name, namespace } };
        const again = `${pathIn(namespace, 'v1', 'pods')}/${next!.metadata.name}/eviction`;
        expect(await cluster().refused('POST', again, { body: other })).toMatchObject({ code: 429 });
        // Without a budget nothing stands in the way.
        await cluster().must('DELETE', path.slice(0, path.lastIndexOf('/')));
        await eventually(
            'the pod may go',
            async () => (await cluster().call('POST', again, { body: other })).status === 201,
        );
    });
}
