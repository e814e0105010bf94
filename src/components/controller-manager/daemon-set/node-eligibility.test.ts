import { describe, expect, it } from '@jest/globals';
import type { V1DaemonSet, V1Node, V1PodSpec, V1Taint } from '../../../api/meta/object.ts';
import { nodeEligibility } from './node-eligibility.ts';

const node = (taints: V1Taint[] = []): V1Node => ({
    metadata: { name: 'n1', labels: { disk: 'ssd', cores: '4' } },
    spec: { taints },
});
const daemon = (podSpec: Partial<V1PodSpec>): V1DaemonSet => ({
    spec: { selector: {}, template: { spec: { containers: [], ...podSpec } } },
});
const affinity = (key: string, operator: string, values: string[]): Partial<V1PodSpec> => ({
    affinity: {
        nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
            },
        },
    },
});
const taint = (key: string, effect: string): V1Taint => ({ key, effect });

describe('a daemon runs and stays on a node', () => {
    it.each<[string, Partial<V1PodSpec>, V1Taint[], string]>([
        ['without wishes', {}, [], 'run'],
        ['of another name', { nodeName: 'n2' }, [], 'never'],
        ['with the labels', { nodeSelector: { disk: 'ssd' } }, [], 'run'],
        ['without the labels', { nodeSelector: { disk: 'hdd' } }, [], 'never'],
        ['that the affinity allows', affinity('cores', 'Gt', ['3']), [], 'run'],
        ['that the affinity excludes', affinity('disk', 'NotIn', ['ssd']), [], 'never'],
        ['with a taint against new pods', {}, [taint('a', 'NoSchedule')], 'stay'],
        ['with a taint against all pods', {}, [taint('a', 'NoExecute')], 'never'],
        ['with a taint that only advises', {}, [taint('a', 'PreferNoSchedule')], 'run'],
        ['that tolerates', { tolerations: [{ operator: 'Exists' }] }, [taint('a', 'NoExecute')], 'run'],
        ['that is cordoned', {}, [taint('node.kubernetes.io/unschedulable', 'NoSchedule')], 'run'],
        ['that is not ready', {}, [taint('node.kubernetes.io/not-ready', 'NoExecute')], 'run'],
        ['without network', {}, [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')], 'stay'],
        [
            'without network when it brings it',
            { hostNetwork: true },
            [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')],
            'run',
        ],
    ])('%s', (_, podSpec, taints, expected) => {
        const { shouldRun, shouldContinue } = nodeEligibility(daemon(podSpec), node(taints));
        expect(shouldRun ? 'run' : shouldContinue ? 'stay' : 'never').toBe(expected);
    });
});
