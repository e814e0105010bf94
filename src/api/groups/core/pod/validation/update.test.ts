import { describe, expect, it } from '@jest/globals';
import type { V1NodeSelectorTerm } from '../../../../meta/object.ts';
import { examplePod, strategyOf, updateErrors } from '../../../testing.ts';

const zone = { key: 'zone', operator: 'In', values: ['a', 'b'] };
const disk = { key: 'disk', operator: 'Exists' };
const name = { key: 'metadata.name', operator: 'In', values: ['n'] };

function affinity(terms: V1NodeSelectorTerm[]) {
    return {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    };
}

function errors(before: V1NodeSelectorTerm[], after: V1NodeSelectorTerm[]): string[] {
    const gated = examplePod((pod) => {
        pod.spec.schedulingGates = [{ name: 'example.com/wait' }];
        pod.spec.affinity = affinity(before);
    });
    return updateErrors(strategyOf('pods'), gated, (pod: typeof gated) => {
        Object.assign(pod.spec ?? {}, { affinity: affinity(after) });
    });
}

describe('required node affinity of a pod that waits at a gate', () => {
    const path =
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
    const refusal = (index: number): RegExp =>
        new RegExp(
            `nodeSelectorTerms\\[${index}\\]: Invalid value: .*only additions are allowed \\(no mutations or deletions\\)$`,
        );

    it('may get further requirements in a term', () => {
        expect(errors([{ matchExpressions: [zone] }], [{ matchExpressions: [zone, disk] }])).toEqual([]);
        expect(
            errors([{ matchExpressions: [zone] }], [{ matchExpressions: [zone], matchFields: [name] }]),
        ).toEqual([]);
    });

    it.each<[string, V1NodeSelectorTerm]>([
        ['another value', { matchExpressions: [{ ...zone, values: ['a', 'b', 'c'] }] }],
        ['another requirement first', { matchExpressions: [disk, zone] }],
        ['none of its requirements', { matchFields: [name] }],
    ])('may not have %s', (_name, term) => {
        const found = errors([{ matchExpressions: [zone] }], [term]);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(refusal(0));
    });

    it('of a term that matches nothing may not begin to match', () => {
        expect(
            errors(
                [{ matchExpressions: [zone] }, {}],
                [{ matchExpressions: [zone] }, { matchExpressions: [disk] }],
            )[0],
        ).toMatch(refusal(1));
    });

    it('may not get or lose a term', () => {
        expect(
            errors(
                [{ matchExpressions: [zone] }],
                [{ matchExpressions: [zone] }, { matchExpressions: [disk] }],
            ),
        ).toEqual([expect.stringContaining(`${path}: Invalid value: `)]);
    });
});
