import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../meta/field-error.ts';
import type { ApiObject } from '../meta/object.ts';
import { strategyOf } from './testing.ts';

const errors = (plural: string, group: string, status: object, old: object = {}) => {
    const withStatus = (one: object) => ({ metadata: { name: 'a' }, status: one }) as ApiObject;
    const strategy = strategyOf(plural, group);
    return (strategy.validateStatusUpdate?.(withStatus(status), withStatus(old)) ?? []).map(formatFieldError);
};
const negative = 'must be greater than or equal to 0';

describe('the status of a workload', () => {
    it('of a stateful set counts within its replicas', () => {
        const status = { replicas: 2, readyReplicas: 1, currentReplicas: 3, availableReplicas: 2 };
        expect(errors('statefulsets', 'apps', status)).toEqual([
            'status.currentReplicas: Invalid value: 3: cannot be greater than status.replicas',
            'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
        ]);
        expect(errors('statefulsets', 'apps', { collisionCount: 1 }, { collisionCount: 2 })).toEqual([
            'status.collisionCount: Invalid value: 1: cannot be decremented',
        ]);
    });

    it('of a daemon set counts from zero', () => {
        expect(errors('daemonsets', 'apps', { numberReady: -1, numberAvailable: 4 })).toEqual([
            `status.numberReady: Invalid value: -1: ${negative}`,
        ]);
    });

    it.each([
        ['replicasets', 'apps'],
        ['replicationcontrollers', ''],
    ])('of %s counts within its replicas', (plural, group) => {
        expect(errors(plural, group, { replicas: 1, readyReplicas: 1, availableReplicas: 1 })).toEqual([]);
        expect(errors(plural, group, { replicas: 2, readyReplicas: 1, availableReplicas: 2 })).toEqual([
            'status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas',
        ]);
    });
});

describe('the status of a disruption budget', () => {
    const condition = {
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
    };

    it('counts from zero and has whole conditions', () => {
        const status = { disruptionsAllowed: 1, conditions: [condition] };
        expect(errors('poddisruptionbudgets', 'policy', status)).toEqual([]);
        expect(errors('poddisruptionbudgets', 'policy', { expectedPods: -2 })).toEqual([
            `status.expectedPods: Invalid value: -2: ${negative}`,
        ]);
    });

    it('names every condition once, with a status, a reason and a time', () => {
        const path = 'status.conditions';
        const bad = { type: condition.type, status: 'Maybe', reason: '' };
        expect(errors('poddisruptionbudgets', 'policy', { conditions: [condition, bad] })).toEqual([
            `${path}[1].type: Duplicate value: "DisruptionAllowed"`,
            `${path}[1].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
            `${path}[1].lastTransitionTime: Required value: must be set`,
            `${path}[1].reason: Required value: must be set`,
        ]);
        const [reason] = errors('poddisruptionbudgets', 'policy', {
            conditions: [{ ...condition, reason: 'not a word' }],
        });
        expect(reason).toContain(
            `${path}[0].reason: Invalid value: "not a word": a condition reason must start with`,
        );
    });
});
