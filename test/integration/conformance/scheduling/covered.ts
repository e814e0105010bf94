import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'limit-ranges.suite.ts': [
        'LimitRange, resources',
        'LimitRange, list, patch and delete a LimitRange by collection',
    ],
    'placement.suite.ts': ['Scheduler, resource limits'],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a scheduler that preempts, which ours does not do yet': [
        'Pod preemption verification',
        'Scheduler, Preemption for critical pod',
        'Verify the DisruptionTarget condition is added to the preempted pod',
    ],
};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
