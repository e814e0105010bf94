import { describe, expect, it } from '@jest/globals';
import type { V1Taint, V1Toleration } from './object.ts';
import { isTolerated, tolerates, untolerated } from './tolerations.ts';

const taint: V1Taint = { key: 'gpu', value: 'big', effect: 'NoSchedule' };

describe('a toleration', () => {
    it.each<[boolean, V1Toleration]>([
        [true, { key: 'gpu', value: 'big', effect: 'NoSchedule' }],
        [true, { key: 'gpu', operator: 'Equal', value: 'big' }],
        [true, { key: 'gpu', operator: 'Exists' }],
        [true, { operator: 'Exists' }],
        [true, { operator: 'Exists', effect: 'NoSchedule' }],
        [false, { operator: 'Exists', effect: 'NoExecute' }],
        [false, { key: 'gpu', operator: 'Equal', value: 'small' }],
        [false, { key: 'gpu' }],
        [false, { key: 'cpu', operator: 'Exists' }],
        [false, { key: 'gpu', operator: 'Gt', value: 'big' }],
    ])('covers a taint: %j %j', (expected, toleration) => {
        expect(tolerates(toleration, taint)).toBe(expected);
        expect(isTolerated(taint, [{ key: 'other' }, toleration])).toBe(expected);
    });

    it('without a value covers a taint without one', () => {
        expect(tolerates({ key: 'a' }, { key: 'a', effect: 'NoExecute' })).toBe(true);
    });

    it('may leave taints that none covers, the first of which is told', () => {
        const other: V1Taint = { key: 'other', effect: 'NoExecute' };
        expect(
            untolerated([taint, other, { ...other, key: 'last' }], [{ key: 'gpu', operator: 'Exists' }]),
        ).toBe(other);
        expect(untolerated([taint], [{ operator: 'Exists' }])).toBeUndefined();
    });
});
