import { describe, expect, it } from '@jest/globals';
import { deletionConditions, type DeletionReport } from './namespace-conditions.ts';

const clean: DeletionReport = {
    discoveryErrors: [],
    contentErrors: [],
    remaining: [],
    finalizers: new Map(),
};
const message = (report: Partial<DeletionReport>, type: string): string | undefined =>
    deletionConditions(undefined, { ...clean, ...report }, 'now').find((c) => c.type === type)?.message;

describe('the conditions of a namespace that is being deleted', () => {
    it('say what remains, sorted', () => {
        const resource = (name: string, group: string) => ({ group, version: 'v1', resource: name });
        const remaining = [
            { resource: resource('pods', ''), count: 2 },
            { resource: resource('deployments', 'apps'), count: 1 },
        ];
        expect(message({ remaining }, 'NamespaceContentRemaining')).toBe(
            'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
        );
    });

    it('say what failed', () => {
        const contentErrors = [new Error('first'), new Error('second')];
        expect(message({ contentErrors }, 'NamespaceDeletionContentFailure')).toBe(
            'Failed to delete all resource types, 2 remaining: [first, second]',
        );
        expect(message({ discoveryErrors: [new Error('no')] }, 'NamespaceDeletionDiscoveryFailure')).toBe(
            'Discovery failed for some groups, 1 failing: no',
        );
    });

    it('stay as they are when nothing changed', () => {
        const conditions = deletionConditions(undefined, clean, 'then');
        expect(conditions.every(({ status }) => status === 'False')).toBe(true);
        expect(deletionConditions(conditions, clean, 'now')).toBe(conditions);
    });
});
