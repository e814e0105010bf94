import { expect, it } from '@jest/globals';
import type { V1LimitRange, V1ResourceRequirements } from '../../../../src/api/meta/object.ts';
import type { Cluster } from '../support/cluster.ts';
import type { Live, Pod } from '../support/objects.ts';

type LimitRange = Live<V1LimitRange>;

const amounts = (cpu: string, memory: string, storage: string): Record<string, string> => ({
    cpu,
    memory,
    'ephemeral-storage': storage,
});
const bounds = {
    type: 'Container',
    min: amounts('50m', '100Mi', '100Gi'),
    max: amounts('500m', '500Mi', '500Gi'),
    default: amounts('500m', '500Mi', '500Gi'),
    defaultRequest: amounts('100m', '200Mi', '200Gi'),
};
const podWith = (name: string, resources: object): object => ({
    metadata: { name },
    spec: { containers: [{ name: 'pause', image: 'registry.example/pause:3.10', resources }] },
});

/** LimitRanges, and what they make of pods. */
export function limitRangeCases(cluster: () => Cluster): void {
    it('a LimitRange gives pods defaults and refuses those out of its bounds', async () => {
        const namespace = await cluster().namespace('limits');
        const ranges = `/api/v1/namespaces/${namespace}/limitranges`;
        const pods = `/api/v1/namespaces/${namespace}/pods`;
        const watch = await cluster().watch<LimitRange>(`${ranges}?labelSelector=time%3Dnow`);
        await cluster().create(ranges, {
            metadata: { name: 'limit-range', labels: { time: 'now' } },
            spec: { limits: [bounds] },
        });
        const seen = await watch.next();
        expect(seen).toMatchObject({ type: 'ADDED', object: { spec: { limits: [bounds] } } });

        const resourcesOf = async (body: object): Promise<V1ResourceRequirements | undefined> =>
            (await cluster().create<Pod>(pods, body)).spec?.containers[0]?.resources;
        expect(await resourcesOf(podWith('pod-no-resources', {}))).toEqual({
            requests: bounds.defaultRequest,
            limits: bounds.default,
        });
        const requests = { cpu: '150m', memory: '150Mi', 'ephemeral-storage': '150Gi' };
        const limits = { cpu: '300m', 'ephemeral-storage': '300Gi' };
        expect(await resourcesOf(podWith('pod-partial-resources', { requests, limits }))).toEqual({
            requests,
            limits: { ...limits, memory: '500Mi' },
        });
        const tooFew = { requests: amounts('10m', '50Mi', '50Gi') };
        const tooMany = {
            limits: amounts('600m', '600Mi', '600Gi'),
            requests: amounts('100m', '200Mi', '200Gi'),
        };
        for (const resources of [tooFew, tooMany]) {
            const refusal = await cluster().refused('POST', pods, { body: podWith('bad', resources) });
            expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden' });
        }

        const min = amounts('25m', '50Mi', '50Gi');
        const updated = await cluster().change<LimitRange>(`${ranges}/limit-range`, (range) => {
            range.spec!.limits[0]!.min = min;
        });
        expect(updated.spec?.limits[0]?.min).toEqual(min);
        // The plugin hears of the change a moment later.
        const small = podWith('small', { requests: amounts('30m', '60Mi', '60Gi') });
        expect(await resourcesOf(small)).toMatchObject({ requests: amounts('30m', '60Mi', '60Gi') });
        const still = await cluster().refused('POST', pods, { body: podWith('bad', tooMany) });
        expect(still.message).toContain('maximum cpu usage per Container is 500m, but limit is 600m');

        await cluster().delete(`${ranges}/limit-range`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect(await resourcesOf(podWith('free', tooMany))).toMatchObject(tooMany);
    });

    it('LimitRanges are listed over namespaces, patched, and go as a collection of one namespace', async () => {
        const [first, second] = [await cluster().namespace('limits'), await cluster().namespace('limits')];
        const path = (namespace: string): string => `/api/v1/namespaces/${namespace}/limitranges`;
        const selector = 'labelSelector=e2e-test%3Dlist';
        for (const namespace of [first, second]) {
            await cluster().create(path(namespace), {
                metadata: { name: 'e2e-limitrange', labels: { 'e2e-test': 'list' } },
                spec: { limits: [bounds] },
            });
        }
        expect((await cluster().list(`/api/v1/limitranges?${selector}`)).items).toHaveLength(2);

        const max = amounts('40m', '100Mi', '100Gi');
        const body = {
            metadata: { labels: { patched: 'yes' } },
            spec: { limits: [{ type: 'Container', max }] },
        };
        const patched = await cluster().patch<LimitRange>(`${path(first)}/e2e-limitrange`, 'strategic', body);
        expect(patched.metadata.labels).toEqual({ 'e2e-test': 'list', patched: 'yes' });
        expect(patched.spec?.limits[0]?.max).toEqual(max);

        await cluster().must('DELETE', `${path(first)}?labelSelector=patched%3Dyes`);
        const left = await cluster().list(`/api/v1/limitranges?${selector}`);
        expect(left.items.map(({ metadata }) => metadata.namespace)).toEqual([second]);
    });
}
