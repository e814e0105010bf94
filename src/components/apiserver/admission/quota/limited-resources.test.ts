import { describe, expect, it } from '@jest/globals';
import type { ApiObject, V1ResourceQuota } from '../../../../api/meta/object.ts';
import { type LimitedResource, readLimitedResources, uncovered } from './limited-resources.ts';

const claims = { group: '', resource: 'persistentvolumeclaims' };
const limited = (more: Partial<LimitedResource>): LimitedResource => ({
    ...claims,
    matchContains: [],
    matchScopes: [],
    ...more,
});
const storage = limited({ matchContains: ['requests.storage'] });
const claim = (size: string, volumeAttributesClassName?: string): ApiObject =>
    ({
        metadata: { name: 'data' },
        spec: { resources: { requests: { storage: size } }, volumeAttributesClassName },
    }) as ApiObject;
const quota = (hard: Record<string, string>, spec: object = {}): V1ResourceQuota => ({
    metadata: { name: 'q' },
    spec: { hard, ...spec },
    status: { hard, used: {} },
});

describe('what no quota covers', () => {
    it('may not grow by an update, and may stay as it is or shrink', () => {
        const grown = { ...claims, object: claim('2Gi'), oldObject: claim('1Gi') };
        expect(uncovered([storage], [], grown)).toEqual({
            about: 'resources',
            message: 'insufficient quota to consume: requests.storage',
        });
        expect(uncovered([storage], [quota({ pods: '1' })], grown)).toMatchObject({ about: 'resources' });
        expect(uncovered([storage], [quota({ 'requests.storage': '5Gi' })], grown)).toBeUndefined();
        for (const size of ['1Gi', '512Mi'])
            expect(uncovered([storage], [], { ...grown, object: claim(size) })).toBeUndefined();
    });

    it('is of no account where another resource is limited', () => {
        const pods = limited({ resource: 'pods', matchContains: ['requests'] });
        const request = { ...claims, object: claim('2Gi'), oldObject: undefined };
        expect(uncovered([pods], [], request)).toBeUndefined();
    });

    it('includes classes of volumes', () => {
        const scope = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] };
        const scoped = limited({ matchScopes: [scope] });
        const request = { ...claims, object: claim('1Gi', 'gold'), oldObject: undefined };
        expect(uncovered([scoped], [], request)).toEqual({
            about: 'scopes',
            message: 'insufficient quota to match these scopes: [{VolumeAttributesClass In [gold]}]',
        });
        const covering = quota(
            { 'requests.storage': '5Gi' },
            { scopeSelector: { matchExpressions: [scope] } },
        );
        expect(uncovered([scoped], [covering], request)).toBeUndefined();
        expect(uncovered([scoped], [], { ...request, object: claim('1Gi', 'silver') })).toBeUndefined();
    });
});

describe('the configuration of what is limited', () => {
    it('is read in all its versions', () => {
        const limitedResources = [{ resource: 'pods', matchContains: ['cpu'] }];
        for (const [apiVersion, kind] of [
            ['apiserver.config.k8s.io/v1', 'ResourceQuotaConfiguration'],
            ['resourcequota.admission.k8s.io/v1beta1', 'Configuration'],
            ['resourcequota.admission.k8s.io/v1alpha1', 'Configuration'],
        ])
            expect(readLimitedResources({ apiVersion, kind, limitedResources })).toEqual([
                { group: '', resource: 'pods', matchContains: ['cpu'], matchScopes: [] },
            ]);
    });

    it.each([
        [{ kind: 'Configuration' }, 'expected a ResourceQuotaConfiguration'],
        [{ limitedResources: [{}] }, 'limitedResources[0].resource: Required value'],
    ])('is refused where it is wrong: %j', (change, message) => {
        const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration' };
        expect(() => readLimitedResources({ ...file, ...change })).toThrow(message);
    });
});
