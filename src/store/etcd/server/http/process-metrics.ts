import { gauge, counter, type Metric } from './metric.ts';

/** Figures of this process, under Prometheus' usual names. */
export function processMetrics(): Metric[] {
    const { user, system } = process.cpuUsage();
    const startSeconds = (Date.now() - process.uptime() * 1000) / 1000;
    return [
        counter(
            'process_cpu_seconds_total',
            'Total user and system CPU time spent in seconds.',
            (user + system) / 1e6,
        ),
        gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()),
        gauge(
            'process_start_time_seconds',
            'Start time of the process since unix epoch in seconds.',
            startSeconds,
        ),
    ];
}
