import { describe, expect, it } from '@jest/globals';
import type { V1Taint, V1Toleration } from '../../../api/meta/object.ts';
import { evictionVerdict, type EvictionVerdict } from './eviction-delay.ts';

const taint = (key: string, value?: string): V1Taint => ({
    key,
    effect: 'NoExecute',
    ...(value === undefined ? {} : { value }),
});
const stays: EvictionVerdict = { type: 'stays' };
const after = (afterMs: number): EvictionVerdict => ({ type: 'evicted', afterMs });

describe('a pod on a node with NoExecute taints', () => {
    it.each<[string, V1Taint[], V1Toleration[], EvictionVerdict]>([
        ['no taints', [], [], stays],
        ['no toleration', [taint('a')], [], after(0)],
        ['a toleration for good', [taint('a')], [{ key: 'a', operator: 'Exists' }], stays],
        ['one of two tolerated', [taint('a'), taint('b')], [{ key: 'a', operator: 'Exists' }], after(0)],
        [
            'the shortest of several times',
            [taint('a'), taint('b')],
            [
                { key: 'a', operator: 'Exists', tolerationSeconds: 300 },
                { key: 'b', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
            ],
            after(5_000),
        ],
        ['zero seconds', [taint('a')], [{ key: 'a', operator: 'Exists', tolerationSeconds: 0 }], after(0)],
        [
            'negative seconds',
            [taint('a')],
            [{ key: 'a', operator: 'Exists', tolerationSeconds: -1 }],
            after(0),
        ],
        ['everything tolerated', [taint('a'), taint('b', 'x')], [{ operator: 'Exists' }], stays],
        ['another value', [taint('a', 'x')], [{ key: 'a', value: 'y' }], after(0)],
        ['the same value', [taint('a', 'x')], [{ key: 'a', operator: 'Equal', value: 'x' }], stays],
        ['another effect', [taint('a')], [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], after(0)],
    ])('%s', (_what, taints, tolerations, verdict) => {
        expect(evictionVerdict(taints, tolerations)).toEqual(verdict);
    });
});
