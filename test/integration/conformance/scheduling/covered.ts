import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'limit-ranges.suite.ts': {
        'a LimitRange gives pods defaults and refuses those out of its bounds': ['LimitRange, resources'],
        'LimitRanges are listed over namespaces, patched, and go as a collection of one namespace': [
            'LimitRange, list, patch and delete a LimitRange by collection',
        ],
    },
    'placement.suite.ts': {
        'a pod that asks for more than a node has left waits, and an event says why': [
            'Scheduler, resource limits',
        ],
    },
};

/** By what is not built: the behaviours that nothing tests. */
const missing: Readonly<Record<string, readonly string[]>> = {
    'not built: preemption': [
        'Pod preemption verification',
        'Scheduler, Preemption for critical pod',
        'Verify the DisruptionTarget condition is added to the preempted pod',
    ],
};

const coverage: Coverage = { covered: tested(files), elsewhere: {}, unbuilt: byName(missing) };

export default coverage;
