import { describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../meta/object.ts';
import { usageOf } from './usage.ts';

const usage = (...requests: object[]): object =>
    usageOf({ group: 'resource.k8s.io', resource: 'resourceclaims' }, {
        metadata: { name: 'mine' },
        spec: { devices: { requests } },
    } as ApiObject);
const count = { 'count/resourceclaims.resource.k8s.io': '1' };

describe('what a claim uses of a quota', () => {
    it('is itself, and devices by class', () => {
        expect(usage()).toEqual(count);
        const one = { deviceClassName: 'gold', allocationMode: 'ExactCount', count: 2 };
        const all = { deviceClassName: 'silver', allocationMode: 'All' };
        expect(usage({ exactly: one }, { exactly: one }, { exactly: all })).toEqual({
            ...count,
            'gold.deviceclass.resource.k8s.io/devices': '4',
            'silver.deviceclass.resource.k8s.io/devices': '32',
        });
    });

    it('is the worst of alternatives, for each of their classes', () => {
        const option = (deviceClassName: string, devices: number): object => ({
            deviceClassName,
            allocationMode: 'ExactCount',
            count: devices,
        });
        const firstAvailable = [option('gold', 1), option('gold', 3), option('silver', 8)];
        expect(usage({ firstAvailable }, { exactly: option('gold', 1) })).toEqual({
            ...count,
            'gold.deviceclass.resource.k8s.io/devices': '4',
            'silver.deviceclass.resource.k8s.io/devices': '8',
        });
    });
});
