import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { WorkQueue } from '../../../client/work-queue.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { workQueueMetrics } from './work-queue-metrics.ts';

describe('metrics of queues', () => {
    it('have upstream’s names, one series for each queue', async () => {
        const clock = new ManualClock();
        const queue = new WorkQueue<string>({ clock, name: 'shown' });
        queue.add('a');
        queue.add('b');
        await clock.advance(20);
        await queue.get();
        await clock.advance(500);
        const text = renderMetrics(workQueueMetrics());
        for (const line of [
            'workqueue_depth{name="shown"} 1',
            'workqueue_adds_total{name="shown"} 2',
            'workqueue_queue_duration_seconds_bucket{name="shown",le="0.01"} 0',
            'workqueue_queue_duration_seconds_bucket{name="shown",le="0.1"} 1',
            'workqueue_work_duration_seconds_count{name="shown"} 0',
            'workqueue_unfinished_work_seconds{name="shown"} 0.5',
            'workqueue_longest_running_processor_seconds{name="shown"} 0.5',
            'workqueue_retries_total{name="shown"} 0',
        ]) {
            expect(text).toContain(`\n${line}\n`);
        }
        queue.shutDown();
    });
});
