import type { V1Pod } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

/** A pod that is created with scheduling gates says so in its conditions from the start. */
export function addGatedCondition(pod: V1Pod, now: string): void {
    if (items(pod.spec?.schedulingGates).length === 0) return;
    pod.status ??= {};
    pod.status.conditions = [
        {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastTransitionTime: now,
        },
    ];
}
