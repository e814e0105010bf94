import { readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { processMetrics } from '../../../store/etcd/server/http/process-metrics.ts';
import { gauge, type Metric } from '../../../store/etcd/server/http/metric.ts';

/** CPU, memory, files, heap and event loop of this process. */
export async function ownProcessMetrics(): Promise<Metric[]> {
    const { heapUsed, heapTotal, external } = process.memoryUsage();
    const { utilization } = performance.eventLoopUtilization();
    return [
        ...processMetrics(),
        gauge('process_open_fds', 'Number of open file descriptors.', await openFiles()),
        gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
        gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', heapTotal),
        gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', external),
        gauge(
            'nodejs_eventloop_utilization',
            'Part of the time since the start in which the event loop was busy.',
            utilization,
        ),
    ];
}

async function openFiles(): Promise<number> {
    try {
        return (await readdir('/proc/self/fd')).length;
    } catch {
        // Not Linux.
        return 0;
    }
}
