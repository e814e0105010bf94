import { it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { supportsOperations } from './api-operations.ts';

const api = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', hasStatus: true };

/** Objects of priority and fairness, as the suite's flowcontrol.go asks for them. */
export function flowControl(cluster: Cluster): void {
    it('has flow schemas', async () => {
        await supportsOperations(cluster, {
            ...api,
            plural: 'flowschemas',
            template: {
                spec: {
                    matchingPrecedence: 10_000,
                    priorityLevelConfiguration: { name: 'global-default' },
                    distinguisherMethod: { type: 'ByUser' },
                    rules: [
                        {
                            subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
                            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
                        },
                    ],
                },
            },
            patch: { matchingPrecedence: 9999 },
            update: { matchingPrecedence: 9998 },
        });
    });

    it('has priority levels', async () => {
        const limited = (nominalConcurrencyShares: number) => ({
            limited: { nominalConcurrencyShares, limitResponse: { type: 'Reject' } },
        });
        await supportsOperations(cluster, {
            ...api,
            plural: 'prioritylevelconfigurations',
            template: { spec: { type: 'Limited', ...limited(2) } },
            patch: limited(4),
            update: limited(6),
        });
    });
}
