import { allQueueFigures, type QueueFigures } from '../../../client/queue-figures.ts';
import type { Metric, MetricSample } from '../../../store/etcd/server/http/metric.ts';
import { histogramSamples } from './histogram.ts';

type Figure = readonly [
    name: string,
    type: Metric['type'],
    help: string,
    samples: (figures: QueueFigures, labels: { name: string }) => MetricSample[],
];

const figures: readonly Figure[] = [
    [
        'depth',
        'gauge',
        'Current depth of workqueue',
        (queue, labels) => [{ labels, value: queue.load().depth }],
    ],
    [
        'adds_total',
        'counter',
        'Total number of adds handled by workqueue',
        ({ adds }, labels) => [{ labels, value: adds }],
    ],
    [
        'queue_duration_seconds',
        'histogram',
        'How long in seconds an item stays in workqueue before being requested.',
        ({ waits }, labels) => histogramSamples(waits, labels),
    ],
    [
        'work_duration_seconds',
        'histogram',
        'How long in seconds processing an item from workqueue takes.',
        ({ works }, labels) => histogramSamples(works, labels),
    ],
    [
        'unfinished_work_seconds',
        'gauge',
        "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
        (queue, labels) => [{ labels, value: queue.load().unfinishedSeconds }],
    ],
    [
        'longest_running_processor_seconds',
        'gauge',
        'How many seconds has the longest running processor for workqueue been running.',
        (queue, labels) => [{ labels, value: queue.load().longestSeconds }],
    ],
    [
        'retries_total',
        'counter',
        'Total number of retries handled by workqueue',
        ({ retries }, labels) => [{ labels, value: retries }],
    ],
];

/** What the queues of this process do: the API server's, and those of controllers that run beside it. */
export function workQueueMetrics(): Metric[] {
    const queues = allQueueFigures();
    return figures.map(([name, type, help, samplesOf]) => ({
        name: `workqueue_${name}`,
        type,
        help,
        samples: queues.flatMap((queue) => samplesOf(queue, { name: queue.name })),
    }));
}
