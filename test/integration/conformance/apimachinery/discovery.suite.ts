import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { builtIn } from './built-in.ts';

interface Group {
    name: string;
    versions: { groupVersion: string; version: string }[];
    preferredVersion: { groupVersion: string };
}

/** What the server says it serves, as the suite's discovery.go asks for it. */
export function discovery(cluster: Cluster): void {
    it('names a preferred version of each group that is one of its versions', async () => {
        const { groups } = await cluster.must<{ groups: Group[] }>('GET', '/apis/');
        expect(groups.length).toBeGreaterThan(10);
        for (const { name } of groups) {
            const group = await cluster.must<Group>('GET', `/apis/${name}/`);
            expect(group.versions.length).toBeGreaterThan(0);
            expect(group.versions.map(({ groupVersion }) => groupVersion)).toContain(
                group.preferredVersion.groupVersion,
            );
        }
    });

    it.each(builtIn)('lists $resource in $version of the group "$group"', async (one) => {
        const path = one.group === '' ? `/api/${one.version}` : `/apis/${one.group}/${one.version}`;
        const list = await cluster.must<{ groupVersion: string; resources: { name: string }[] }>('GET', path);
        expect(list.groupVersion).toBe(one.group === '' ? one.version : `${one.group}/${one.version}`);
        expect(list.resources.map(({ name }) => name)).toContain(one.resource);
    });

    it.each([
        ['/api/v1', 'pods', '/v1/Pod'],
        ['/apis/apps/v1', 'deployments', 'apps/v1/Deployment'],
        ['/apis/events.k8s.io/v1', 'events', '/v1/Event'],
        ['/apis/autoscaling/v1', 'horizontalpodautoscalers', 'autoscaling/v2/HorizontalPodAutoscaler'],
        ['/api/v1', 'pods/status', undefined],
        ['/apis/authorization.k8s.io/v1', 'subjectaccessreviews', undefined],
    ])('tells how %s %s is stored: %s', async (path, resource, stored) => {
        const list = await cluster.must<{ resources: { name: string; storageVersionHash?: string }[] }>(
            'GET',
            path,
        );
        const entry = list.resources.find(({ name }) => name === resource);
        const hash = stored && createHash('sha256').update(stored).digest().subarray(0, 8).toString('base64');
        expect(entry).toBeDefined();
        expect(entry?.storageVersionHash).toBe(hash);
    });
}
