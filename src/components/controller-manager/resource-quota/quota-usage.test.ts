import { describe, expect, it } from '@jest/globals';
import type { V1Pod, V1ResourceQuota } from '../../../api/meta/object.ts';
import { countedResources, quotaUsage, sameUsage } from './quota-usage.ts';

const quota = (hard: Record<string, string>, scopes: string[] = []): V1ResourceQuota => ({
    spec: { hard, scopes },
});
const names = (hard: Record<string, string>): string[] =>
    countedResources(quota(hard)).map(({ resource, group }) =>
        group === '' ? resource : `${resource}.${group}`,
    );

describe('a quota', () => {
    it.each([
        ['pods', ['pods']],
        ['requests.cpu', ['pods']],
        ['limits.memory', ['pods']],
        ['requests.nvidia.com/gpu', ['pods']],
        ['requests.storage', ['persistentvolumeclaims']],
        ['fast.storageclass.storage.k8s.io/requests.storage', ['persistentvolumeclaims']],
        ['services.nodeports', ['services']],
        ['configmaps', ['configmaps']],
        ['count/deployments.apps', ['deployments.apps']],
        ['count/secrets', ['secrets']],
    ])('of %s counts %j', (name, resources) => {
        expect(names({ [name]: '1' })).toEqual(resources);
    });

    it('says zero of what nobody uses, and nothing of what it does not limit', () => {
        const pod: V1Pod = {
            spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m', memory: '1Gi' } } }] },
        };
        const items = [pod, pod, { ...pod, status: { phase: 'Succeeded' } }];
        const objects = [{ of: { resource: 'pods', group: '' }, items }];
        expect(quotaUsage(quota({ 'requests.cpu': '1', pods: '9', secrets: '3' }), objects)).toEqual({
            'requests.cpu': '500m',
            pods: '2',
            secrets: '0',
        });
    });

    it('with scopes counts only the pods in them', () => {
        const containers = [{ name: 'c' }];
        const items: V1Pod[] = [{ spec: { containers } }, { spec: { containers, activeDeadlineSeconds: 5 } }];
        const objects = [{ of: { resource: 'pods', group: '' }, items }];
        expect(quotaUsage(quota({ pods: '9' }, ['Terminating']), objects)).toEqual({ pods: '1' });
    });
});

describe('usage', () => {
    it.each([
        [{ cpu: '1' }, { cpu: '1000m' }, true],
        [{ cpu: '1' }, { cpu: '2' }, false],
        [{ cpu: '1' }, { cpu: '1', pods: '0' }, false],
        [{ cpu: '1' }, undefined, false],
    ])('%j and %j', (a, b, same) => {
        expect(sameUsage(a, b)).toBe(same);
    });
});
