import { Histograms } from '../metrics/series.ts';

/** 0.1 ms, then twice as much each time. */
const boundsSeconds = [
    0.0001, 0.0002, 0.0004, 0.0008, 0.0016, 0.0032, 0.0064, 0.0128, 0.0256, 0.0512, 0.1024, 0.2048,
];

type GraphAction = 'AddPod' | 'DeletePod' | 'AddPV' | 'DeletePV';

/** How long changes of what nodes may reach take, in the whole process. */
export const nodeGraphActions = new Histograms(
    {
        name: 'node_authorizer_graph_actions_duration_seconds',
        help: 'Histogram of duration of graph actions in node authorizer.',
        labels: ['operation'],
    },
    boundsSeconds,
);

/** Does it, and notes how long that takes. */
export function timed(operation: GraphAction, action: () => void): void {
    const startMs = performance.now();
    action();
    nodeGraphActions.observe((performance.now() - startMs) / 1000, operation);
}
