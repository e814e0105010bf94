import { describe, expect, it } from '@jest/globals';
import type { V1LabelSelector, V1Pod, V1PodAffinityTerm } from '../../../meta/object.ts';
import { podStrategy } from './strategy.ts';
import { validateLabelKeys } from './validation/label-keys.ts';

const context = { now: '2026-01-01T00:00:00Z' };

function pod(term: Omit<V1PodAffinityTerm, 'topologyKey'>): V1Pod {
    return {
        metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', 'pod-template-hash': 'abc' } },
        spec: {
            containers: [],
            affinity: {
                podAffinity: {
                    preferredDuringSchedulingIgnoredDuringExecution: [
                        { weight: 1, podAffinityTerm: { topologyKey: 'zone', ...structuredClone(term) } },
                    ],
                },
                podAntiAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: [
                        { topologyKey: 'zone', ...structuredClone(term) },
                    ],
                },
            },
            topologySpreadConstraints: [
                {
                    maxSkew: 1,
                    topologyKey: 'zone',
                    whenUnsatisfiable: 'DoNotSchedule',
                    ...structuredClone(term),
                },
            ],
        },
    };
}

function selectors({ spec }: V1Pod): (V1LabelSelector | undefined)[] {
    return [
        spec?.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.[0]?.podAffinityTerm
            .labelSelector,
        spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector,
        spec?.topologySpreadConstraints?.[0]?.labelSelector,
    ];
}

describe('label keys of a new pod', () => {
    it('become requirements of the selectors beside them, as far as the pod has the labels', () => {
        const created = pod({
            labelSelector: { matchLabels: { app: 'web' } },
            matchLabelKeys: ['pod-template-hash', 'absent'],
        });
        podStrategy.prepareForCreate?.(created, context);
        const merged = {
            matchLabels: { app: 'web' },
            matchExpressions: [{ key: 'pod-template-hash', operator: 'In', values: ['abc'] }],
        };
        expect(selectors(created)).toEqual([merged, merged, merged]);
    });

    it('that must differ are excluded', () => {
        const created = pod({ labelSelector: {}, mismatchLabelKeys: ['app'] });
        podStrategy.prepareForCreate?.(created, context);
        expect(selectors(created)[0]).toEqual({
            matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }],
        });
    });

    it('leave an absent selector absent', () => {
        const created = pod({ matchLabelKeys: ['app'] });
        podStrategy.prepareForCreate?.(created, context);
        expect(selectors(created)).toEqual([undefined, undefined, undefined]);
    });
});

describe('label keys', () => {
    const key = 'a';
    const own = { key, operator: 'In', values: ['1'] };
    const errors = (term: Parameters<typeof validateLabelKeys>[0]): string[] =>
        validateLabelKeys(term, 'term').map(({ field, message }) => `${field}: ${message}`);

    it('may be in the selector once: that is what they became', () => {
        expect(errors({ labelSelector: { matchExpressions: [own] }, matchLabelKeys: [key] })).toEqual([]);
    });

    it('may not be in the selector besides', () => {
        const error = 'term[0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector';
        const matchLabelKeys = [key];
        expect(errors({ labelSelector: { matchExpressions: [own, own] }, matchLabelKeys })).toEqual([error]);
        expect(
            errors({ labelSelector: { matchLabels: { a: '1' }, matchExpressions: [own] }, matchLabelKeys }),
        ).toEqual([error]);
    });

    it('need a selector, names that fit, and a side to be on', () => {
        expect(errors({ matchLabelKeys: [key] })).toEqual([
            'term.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
        ]);
        expect(errors({ labelSelector: {}, mismatchLabelKeys: ['/simple'] })[0]).toContain(
            'term.mismatchLabelKeys[0]: Invalid value: "/simple": prefix part must be non-empty',
        );
        expect(errors({ labelSelector: {}, matchLabelKeys: [key], mismatchLabelKeys: [key] })).toEqual([
            'term.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys',
        ]);
    });
});
