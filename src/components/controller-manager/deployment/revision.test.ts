import { describe, expect, it } from '@jest/globals';
import type { V1Deployment, V1ReplicaSet } from '../../../api/meta/object.ts';
import { newSetAnnotations, nextRevision, scaleAnnotations } from './revision.ts';

const deployment: V1Deployment = {
    metadata: {
        annotations: {
            'kubernetes.io/change-cause': 'image',
            'deployment.kubernetes.io/revision': '1',
            'kubectl.kubernetes.io/last-applied-configuration': '{}',
        },
    },
    spec: { replicas: 10, selector: {}, template: {} },
};
const set = (revision: string): V1ReplicaSet => ({
    metadata: { annotations: { 'deployment.kubernetes.io/revision': revision } },
});

describe("a new set's annotations", () => {
    it('are those of the deployment that concern it, and its revision', () => {
        expect(newSetAnnotations(deployment, undefined, 3n)).toEqual({
            'kubernetes.io/change-cause': 'image',
            'deployment.kubernetes.io/revision': '3',
        });
    });

    it('keep a history when a set becomes the new one again', () => {
        const first = newSetAnnotations(deployment, { 'deployment.kubernetes.io/revision': '1' }, 3n);
        const second = newSetAnnotations(deployment, first, 5n);
        expect(second).toMatchObject({
            'deployment.kubernetes.io/revision': '5',
            'deployment.kubernetes.io/revision-history': '1,3',
        });
        expect(newSetAnnotations(deployment, second, 4n)).toEqual(second);
    });

    it('drop the oldest history beyond 2000 characters', () => {
        let annotations: Record<string, string> = {};
        for (let revision = 1; revision < 1000; revision++) {
            annotations = newSetAnnotations(deployment, annotations, BigInt(revision));
        }
        const history = annotations['deployment.kubernetes.io/revision-history'] ?? '';
        expect(history.length).toBeLessThanOrEqual(2000);
        expect(history.endsWith(',998')).toBe(true);
    });

    it('note the size that scaling later starts from', () => {
        expect(scaleAnnotations(deployment)).toEqual({
            'deployment.kubernetes.io/desired-replicas': '10',
            'deployment.kubernetes.io/max-replicas': '13',
        });
    });
});

describe('the next revision', () => {
    it('is one more than the highest, whatever is no number', () => {
        expect(nextRevision([])).toBe(1n);
        expect(nextRevision([set('2'), set('7'), set('x')])).toBe(8n);
        expect(nextRevision([set('3546343826724305832')])).toBe(3546343826724305833n);
    });
});
