import type { NonResourceRoute } from '../extensions.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { FlowControl } from './flow-control.ts';
import type { PriorityLevel } from './priority-level.ts';

const root = '/debug/api_priority_and_fairness';

type Cell = string | number | boolean;

/** Tables of what API Priority and Fairness is doing, in upstream's columns; for administrators. */
export function flowControlDebugRoutes(flowControl: FlowControl): NonResourceRoute[] {
    const levels = (): PriorityLevel[] => [...flowControl.levels].sort((a, b) => (a.name < b.name ? -1 : 1));
    return [
        table('dump_priority_levels', () => [
            [
                'PriorityLevelName',
                'ActiveQueues',
                'IsIdle',
                'IsQuiescing',
                'WaitingRequests',
                'ExecutingRequests',
                'DispatchedRequests',
                'RejectedRequests',
                'TimedoutRequests',
                'CancelledRequests',
            ],
            ...levels().map((level) => levelRow(level, flowControl)),
        ]),
        table('dump_queues', () => [
            [
                'PriorityLevelName',
                'Index',
                'PendingRequests',
                'ExecutingRequests',
                'NextDispatchR',
                'MaxSeatsSum',
                'TotalWorkSum',
            ],
            ...levels().flatMap(queueRows),
        ]),
        table('dump_requests', () => [
            [
                'PriorityLevelName',
                'FlowSchemaName',
                'QueueIndex',
                'RequestIndexInQueue',
                'FlowDistingsher',
                'WaitingSeconds',
                'InitialSeats',
                'FinalSeats',
                'AdditionalLatency',
            ],
            ...levels().flatMap(requestRows),
        ]),
    ];
}

function levelRow({ name, queueSet }: PriorityLevel, { stats }: FlowControl): Cell[] {
    const own = stats.filter(({ level }) => level === name);
    const sum = (value: (one: (typeof own)[number]) => number): number =>
        own.reduce((total, one) => total + value(one), 0);
    const active = queueSet
        .snapshot()
        .queues.filter(({ waiting, executing }) => waiting.length + executing > 0).length;
    return [
        name,
        active,
        queueSet.waiting + queueSet.executing === 0,
        false,
        queueSet.waiting,
        queueSet.executing,
        sum(({ dispatched }) => dispatched),
        sum(({ rejected }) => rejected['queue-full'] + rejected['concurrency-limit'] + rejected['time-out']),
        sum(({ rejected }) => rejected['time-out']),
        sum(({ rejected }) => rejected.cancelled),
    ];
}

function queueRows({ name, queueSet }: PriorityLevel): Cell[][] {
    return queueSet
        .snapshot()
        .queues.map(({ index, waiting, executing, nextStart }) => [
            name,
            index,
            waiting.length,
            executing,
            `${nextStart.toFixed(8)}ss`,
            waiting.reduce((total, { seats }) => total + seats, 0),
            `${waiting.reduce((total, { work }) => total + work, 0).toFixed(8)}ss`,
        ]);
}

function requestRows({ name, queueSet }: PriorityLevel): Cell[][] {
    const nowMs = performance.now();
    return queueSet
        .snapshot()
        .queues.flatMap(({ index, waiting }) =>
            waiting.map(({ demand: { flow, estimate, stats }, arrivedMs }, position) => [
                name,
                stats.schema,
                index,
                position,
                flow.slice(flow.indexOf('\0') + 1),
                ((nowMs - arrivedMs) / 1000).toFixed(3),
                estimate.seats,
                estimate.finalSeats,
                `${estimate.finalMs}ms`,
            ]),
        );
}

function table(name: string, rows: () => Cell[][]): NonResourceRoute {
    return {
        path: `${root}/${name}`,
        handle: (_request: ApiRequest): ApiResult => ({
            type: 'bytes',
            status: 200,
            contentType: 'text/plain; charset=utf-8',
            body: Buffer.from(aligned(rows())),
        }),
    };
}

/** Columns as wide as their widest cell, each followed by a comma. */
function aligned(rows: readonly Cell[][]): string {
    const cells = rows.map((row) => row.map((cell) => `${cell},`));
    const widths = (cells[0] ?? []).map((_, column) =>
        cells.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0),
    );
    return cells
        .map((row) =>
            row
                .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 1))
                .join('')
                .trimEnd(),
        )
        .map((line) => `${line.slice(0, -1)}\n`)
        .join('');
}
