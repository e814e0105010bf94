import { expect, it } from '@jest/globals';
import type { V1Pod } from '../../../api/meta/object.ts';
import { persistentVolumes, pods } from '../../../client/resource-type.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { NodeGraph } from './node-graph.ts';
import { nodeGraphActions } from './node-graph-metrics.ts';

it('what changes the graph of nodes is timed, and nothing else', () => {
    const counts = (): Record<string, number> => {
        const text = renderMetrics([nodeGraphActions.metric()]);
        const lines = text.matchAll(
            /^node_authorizer_graph_actions_duration_seconds_count\{operation="(\w+)"\} (\d+)$/gm,
        );
        const entries = [...lines].map(([, operation = '', count]) => [operation, Number(count)] as const);
        return Object.fromEntries(entries);
    };
    const reader = new MemoryReader();
    const graph = new NodeGraph(reader);
    const metadata = { namespace: 'default', name: 'a' };
    const setPod = (pod: V1Pod): void => {
        reader.set(pods, pod);
    };
    const before = counts();
    setPod({ metadata, spec: { containers: [] } });
    expect(counts()).toEqual(before);
    setPod({ metadata, spec: { containers: [], nodeName: 'n' } });
    setPod({
        metadata: { ...metadata, labels: { a: 'b' } },
        spec: { containers: [], nodeName: 'n' },
    });
    reader.set(persistentVolumes, { metadata: { name: 'v' } });
    expect(counts()).toMatchObject({ AddPod: 1 + (before.AddPod ?? 0), AddPV: 1 + (before.AddPV ?? 0) });
    reader.remove(pods, { metadata });
    expect(counts().DeletePod).toBe(1 + (before.DeletePod ?? 0));
    graph.stop();
});
