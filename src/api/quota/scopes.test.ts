import { describe, expect, it } from '@jest/globals';
import type { V1PersistentVolumeClaim, V1ResourceQuota } from '../meta/object.ts';
import { quotaCounts } from './scopes.ts';

const quota = (
    operator: string,
    values?: string[],
    scopeName = 'VolumeAttributesClass',
): V1ResourceQuota => ({
    spec: {
        scopeSelector: {
            matchExpressions: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }],
        },
    },
});
const claim = (wanted?: string, current?: string, target?: string): V1PersistentVolumeClaim => ({
    spec: wanted === undefined ? {} : { volumeAttributesClassName: wanted },
    status: {
        ...(current === undefined ? {} : { currentVolumeAttributesClassName: current }),
        ...(target === undefined
            ? {}
            : { modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: target } }),
    },
});

describe('a quota of claims of a VolumeAttributesClass', () => {
    it.each<[string, V1ResourceQuota, V1PersistentVolumeClaim, boolean]>([
        ['counts the class that is wanted', quota('In', ['gold']), claim('gold'), true],
        ['counts the class that it has', quota('In', ['gold']), claim('silver', 'gold'), true],
        ['counts the class that it is about to get', quota('In', ['gold']), claim('a', 'b', 'gold'), true],
        ['counts no other class', quota('In', ['gold']), claim('silver'), false],
        ['counts any class', quota('Exists'), claim('silver'), true],
        ['counts no claim without one', quota('Exists'), claim(), false],
        ['counts those without one', quota('DoesNotExist'), claim(), true],
        ['counts those without one as of another', quota('NotIn', ['gold']), claim(), true],
        ['of a scope of pods counts no claim', quota('In', ['gold'], 'PriorityClass'), claim('gold'), false],
    ])('%s', (_name, counting, object, counted) => {
        expect(quotaCounts(counting, 'persistentvolumeclaims', object)).toBe(counted);
    });

    it('counts no pod', () => {
        expect(quotaCounts(quota('DoesNotExist'), 'pods', {})).toBe(false);
    });
});
