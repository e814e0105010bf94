import type { Metric, MetricSample } from '../../../store/etcd/server/http/metric.ts';
import { durationBoundsSeconds, type Durations, type FlowStats } from '../flow-control/flow-stats.ts';
import type { FlowControl } from '../flow-control/flow-control.ts';
import type { PriorityLevel } from '../flow-control/priority-level.ts';
import { histogramSamples } from './histogram.ts';

const prefix = 'apiserver_flowcontrol_';

type LevelFigure = readonly [name: string, help: string, value: (level: PriorityLevel) => number];

const levelFigures: readonly LevelFigure[] = [
    [
        'nominal_limit_seats',
        'Nominal number of execution seats configured for each priority level',
        ({ limits }) => limits.nominal,
    ],
    [
        'lower_limit_seats',
        'Configured lower bound on number of execution seats available to each priority level',
        ({ limits }) => limits.lower,
    ],
    [
        'upper_limit_seats',
        'Configured upper bound on number of execution seats available to each priority level',
        ({ limits }) => limits.upper,
    ],
    [
        'current_limit_seats',
        'current derived number of execution seats available to each priority level',
        ({ current }) => current,
    ],
    [
        'demand_seats_average',
        'Time-weighted average, over last adjustment period, of demand_seats',
        ({ figures }) => figures.average,
    ],
    [
        'demand_seats_stdev',
        'Time-weighted standard deviation, over last adjustment period, of demand_seats',
        ({ figures }) => figures.deviation,
    ],
    [
        'demand_seats_high_watermark',
        'High watermark, over last adjustment period, of demand_seats',
        ({ figures }) => figures.highWatermark,
    ],
    ['demand_seats_smoothed', 'Smoothed seat demands', ({ smoothed }) => smoothed],
    ['target_seats', 'Seat allocation targets', ({ target }) => target],
];

type FlowFigure = readonly [name: string, help: string, value: (stats: FlowStats) => number];

const flowFigures: readonly FlowFigure[] = [
    [
        'current_inqueue_requests',
        'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
        ({ waitingRequests }) => waitingRequests,
    ],
    [
        'current_inqueue_seats',
        'Number of seats currently pending in queues of the API Priority and Fairness subsystem',
        ({ waitingSeats }) => waitingSeats,
    ],
    [
        'current_executing_requests',
        'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
        ({ executingRequests }) => executingRequests,
    ],
    [
        'current_executing_seats',
        'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
        ({ executingSeats }) => executingSeats,
    ],
];

const labelsOf = ({ level, schema }: FlowStats): Record<string, string> => ({
    flow_schema: schema,
    priority_level: level,
});

function durations(values: Durations, labels: Record<string, string>): MetricSample[] {
    return histogramSamples(
        { bounds: durationBoundsSeconds, counts: values.counts, sum: values.sumSeconds },
        labels,
    );
}

/** What API Priority and Fairness does, under upstream's names. Flows that were never used are left out. */
export function flowControlMetrics({ levels, stats: all, fairFraction }: FlowControl): Metric[] {
    const used = all.filter(({ dispatched, rejected, waitingRequests }) =>
        [dispatched, waitingRequests, ...Object.values(rejected)].some((count) => count > 0),
    );
    return [
        ...levelFigures.map(([name, help, value]): Metric => ({
            name: prefix + name,
            help,
            type: 'gauge',
            samples: levels.map((level) => ({
                labels: { priority_level: level.name },
                value: value(level),
            })),
        })),
        {
            name: `${prefix}seat_fair_frac`,
            help: 'Fair fraction of server concurrency to allocate to each priority level that can use it',
            type: 'gauge',
            samples: [{ value: fairFraction }],
        },
        ...flowFigures.map(([name, help, value]): Metric => ({
            name: prefix + name,
            help,
            type: 'gauge',
            samples: used.map((stats) => ({ labels: labelsOf(stats), value: value(stats) })),
        })),
        {
            name: `${prefix}dispatched_requests_total`,
            help: 'Number of requests executed by API Priority and Fairness subsystem',
            type: 'counter',
            samples: used.map((stats) => ({ labels: labelsOf(stats), value: stats.dispatched })),
        },
        {
            name: `${prefix}rejected_requests_total`,
            help: 'Number of requests rejected by API Priority and Fairness subsystem',
            type: 'counter',
            samples: used.flatMap((stats) =>
                Object.entries(stats.rejected)
                    .filter(([, count]) => count > 0)
                    .map(([reason, value]) => ({ labels: { ...labelsOf(stats), reason }, value })),
            ),
        },
        {
            name: `${prefix}request_wait_duration_seconds`,
            help: 'Length of time a request spent waiting in its queue',
            type: 'histogram',
            samples: used.flatMap((stats) => [
                ...durations(stats.waitedExecuted, { execute: 'true', ...labelsOf(stats) }),
                ...durations(stats.waitedRejected, { execute: 'false', ...labelsOf(stats) }),
            ]),
        },
        {
            name: `${prefix}request_execution_seconds`,
            help: 'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
            type: 'histogram',
            samples: used.flatMap((stats) => durations(stats.executed, labelsOf(stats))),
        },
    ];
}
