import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../meta/field-error.ts';
import type { V1Job, V1JobStatus } from '../../meta/object.ts';
import { createErrors, exampleTemplate, strategyOf, updateErrors } from '../testing.ts';

const jobs = strategyOf('jobs', 'batch');

const job = (change: object = {}, status?: V1JobStatus): V1Job => ({
    metadata: { name: 'j', uid: 'u1' },
    spec: { template: exampleTemplate('Never'), ...change },
    ...(status === undefined ? {} : { status }),
});
const indexed = (change: object = {}) => job({ completionMode: 'Indexed', completions: 5, ...change });

/** What a pod failure policy of one rule is refused for. */
const ruleErrors = (rule: object, change: object = {}) =>
    createErrors(jobs, indexed({ podFailurePolicy: { rules: [rule] }, ...change }));
const exitCodeErrors = (onExitCodes: object) => ruleErrors({ action: 'FailJob', onExitCodes });
const rulePath = 'spec.podFailurePolicy.rules[0]';

describe('the success policy of a job', () => {
    it.each<[string, object, string[]]>([
        ['names indexes', { succeededIndexes: '0,2-4', succeededCount: 4 }, []],
        [
            'says nothing',
            {},
            [': Required value: at least one of succeededCount or succeededIndexes must be specified'],
        ],
        [
            'names indexes that there are not',
            { succeededIndexes: '1,5' },
            ['.succeededIndexes: Invalid value: "1,5": error parsing succeededIndexes: too large index: "5"'],
        ],
        [
            'names indexes out of order',
            { succeededIndexes: '3,1' },
            [
                '.succeededIndexes: Invalid value: "3,1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1',
            ],
        ],
        [
            'names an interval of three parts',
            { succeededIndexes: '1-2-3' },
            [
                '.succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
            ],
        ],
        [
            'wants more than it names',
            { succeededIndexes: '1-2', succeededCount: 3 },
            [
                '.succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
            ],
        ],
        [
            'wants more than there are',
            { succeededCount: 6 },
            [
                '.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)',
            ],
        ],
    ])('%s', (_, rule, expected) => {
        expect(createErrors(jobs, indexed({ successPolicy: { rules: [rule] } }))).toEqual(
            expected.map((error) => `spec.successPolicy.rules[0]${error}`),
        );
    });

    it('has one to twenty rules', () => {
        const withRules = (count: number) =>
            createErrors(
                jobs,
                indexed({ successPolicy: { rules: Array(count).fill({ succeededCount: 1 }) } }),
            );
        expect(withRules(0)).toEqual([
            'spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified',
        ]);
        expect(withRules(20)).toEqual([]);
        expect(withRules(21)).toEqual(['spec.successPolicy.rules: Too many: 21: must have at most 20 items']);
    });

    it('is for indexed jobs only', () => {
        expect(createErrors(jobs, job({ successPolicy: { rules: [{ succeededCount: 1 }] } }))).toEqual([
            'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode',
        ]);
    });
});

describe('the pod failure policy of a job', () => {
    it.each<[string, object, string[]]>([
        ['is sound', { operator: 'In', values: [1, 2, 42], containerName: 'web' }, []],
        [
            'fails for success',
            { operator: 'In', values: [0, 1] },
            ['.values[0]: Invalid value: 0: must not be 0 for the In operator'],
        ],
        ['spares success', { operator: 'NotIn', values: [0, 1] }, []],
        [
            'repeats a code out of order',
            { operator: 'In', values: [3, 1, 3] },
            ['.values[2]: Duplicate value: 3', '.values: Invalid value: [3,1,3]: must be ordered'],
        ],
        [
            'names no codes',
            { operator: 'In', values: [] },
            ['.values: Invalid value: []: at least one value is required'],
        ],
        ['has no operator', { values: [1] }, ['.operator: Required value: valid values: ["In" "NotIn"]']],
        [
            'names an unknown container',
            { operator: 'In', values: [1], containerName: 'db' },
            [
                '.containerName: Invalid value: "db": must be one of the container or initContainer names in the pod template',
            ],
        ],
        [
            'lists too many codes',
            { operator: 'In', values: Array.from({ length: 256 }, (_, index) => index + 1) },
            ['.values: Too many: 256: must have at most 255 items'],
        ],
    ])('%s', (_, onExitCodes, expected) => {
        expect(exitCodeErrors(onExitCodes)).toEqual(
            expected.map((error) => `${rulePath}.onExitCodes${error}`),
        );
    });

    it('asks for conditions by a proper name and status', () => {
        const pattern = (onPodConditions: object[]) => ruleErrors({ action: 'Ignore', onPodConditions });
        expect(pattern([{ type: 'DisruptionTarget' }])).toEqual([]);
        expect(pattern([{ type: 'DisruptionTarget', status: 'Maybe' }])).toEqual([
            `${rulePath}.onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
        ]);
        expect(pattern(Array<object>(21).fill({ type: 'a' }))).toEqual([
            `${rulePath}.onPodConditions: Too many: 21: must have at most 20 items`,
        ]);
    });

    it('asks for one thing a rule', () => {
        const onExitCodes = { operator: 'In', values: [1] };
        expect(ruleErrors({ action: 'Count' })).toEqual([
            `${rulePath}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
        ]);
        expect(ruleErrors({ action: 'Count', onExitCodes, onPodConditions: [{ type: 'a' }] })).toEqual([
            `${rulePath}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`,
        ]);
    });

    it('fails an index only where failures are counted per index', () => {
        const rule = { action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } };
        expect(ruleErrors(rule, { backoffLimitPerIndex: 1 })).toEqual([]);
        expect(ruleErrors(rule)).toEqual([
            `${rulePath}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
        ]);
    });

    it('replaces failed pods only, and its pods never restart', () => {
        const rule = { action: 'Count', onExitCodes: { operator: 'In', values: [1] } };
        expect(ruleErrors(rule, { podReplacementPolicy: 'TerminatingOrFailed' })).toEqual([
            'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
        ]);
        expect(ruleErrors(rule, { template: exampleTemplate('OnFailure') })).toEqual([
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
        ]);
    });
});

describe('the size of an indexed job', () => {
    it.each<[string, object, string[]]>([
        ['of many indexes', { completions: 200_000 }, []],
        [
            'with more failures than indexes',
            { backoffLimitPerIndex: 1, maxFailedIndexes: 6 },
            ['spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions'],
        ],
        [
            'of many indexes without a bound for failed ones',
            { completions: 200_000, backoffLimitPerIndex: 1 },
            ['spec.maxFailedIndexes: Required value: must be specified when completions is above 100000'],
        ],
        [
            'of many indexes and much at once',
            {
                completions: 200_000,
                backoffLimitPerIndex: 1,
                maxFailedIndexes: 10_000,
                parallelism: 10_001,
            },
            [
                'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
            ],
        ],
    ])('%s', (_, change, expected) => {
        expect(createErrors(jobs, indexed(change))).toEqual(expected);
    });

    it('moves with its parallelism', () => {
        const grow = (change: object) =>
            updateErrors(jobs, indexed({ parallelism: 5 }), (copy: V1Job) => {
                Object.assign(copy.spec!, change);
            });
        expect(grow({ completions: 7, parallelism: 7 })).toEqual([]);
        expect(grow({ completions: 7 })).toEqual([
            'spec.completions: Invalid value: 7: can only be modified in tandem with spec.parallelism',
        ]);
    });
});

describe('the manager of a job', () => {
    it.each([
        ['example.com/queue', []],
        [
            'queue',
            [
                'spec.managedBy: Invalid value: "queue": must be a domain-prefixed path (such as "acme.io/foo")',
            ],
        ],
        [`a.b/${'x'.repeat(60)}`, ['spec.managedBy: Too long: may not be more than 63 bytes']],
    ])('%s', (managedBy, expected) => {
        expect(createErrors(jobs, job({ managedBy }))).toEqual(expected);
    });
});

describe('the template of a suspended job', () => {
    const suspended = [{ type: 'Suspended', status: 'True' }];
    const changed = (status: V1JobStatus, change: (job: V1Job) => void, suspend = true) =>
        jobs.validateUpdate?.(
            ...((): [V1Job, V1Job] => {
                const old = job({ suspend, selector: { matchLabels: { app: 'web' } }, manualSelector: true });
                old.spec!.template.spec!.restartPolicy = 'Never';
                jobs.defaults?.(old);
                const next = structuredClone(old);
                change(next);
                return [next, { ...old, status }];
            })(),
        );
    const moreCpu = ({ spec }: V1Job) => {
        spec!.template.spec!.containers[0]!.resources = { requests: { cpu: '2' }, limits: { cpu: '3' } };
    };
    const elsewhere = ({ spec }: V1Job) => {
        spec!.template.spec!.nodeSelector = { zone: 'b' };
        spec!.template.spec!.affinity = { nodeAffinity: {} };
    };
    const startTime = '2026-01-01T00:00:00Z';

    it.each([
        ['never started', {}],
        ['at rest', { startTime, conditions: suspended, active: 0 }],
    ])('%s may be sent elsewhere and need more', (_, status) => {
        expect(changed(status, elsewhere)).toEqual([]);
        expect(changed(status, moreCpu)).toEqual([]);
    });

    it.each([
        ['whose pods still run', { startTime, conditions: suspended, active: 1 }, true],
        ['whose suspension nobody has noted', { startTime }, true],
        ['that is not suspended', {}, false],
    ])('%s stays', (_, status, suspend) => {
        for (const change of [elsewhere, moreCpu]) {
            expect(changed(status, change, suspend)).toMatchObject([{ field: 'spec.template' }]);
        }
    });

    it('keeps its images and the pods it wants to be near', () => {
        const image = ({ spec }: V1Job) => void (spec!.template.spec!.containers[0]!.image = 'x');
        const near = ({ spec }: V1Job) => {
            const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } };
            const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
            spec!.template.spec!.affinity = { podAffinity };
        };
        for (const change of [image, near]) {
            expect(changed({}, change)).toMatchObject([{ field: 'spec.template' }]);
        }
    });
});

describe('the status of a job', () => {
    const startTime = '2026-01-01T00:00:00Z';
    const completionTime = '2026-01-01T01:00:00Z';
    const is = (...types: string[]) => types.map((type) => ({ type, status: 'True' }));
    const errors = (status: V1JobStatus, old: V1JobStatus = {}, spec: object = {}) =>
        (jobs.validateStatusUpdate?.(job(spec, status), job(spec, old)) ?? []).map(formatFieldError);
    const complete = { conditions: is('SuccessCriteriaMet', 'Complete'), startTime, completionTime };

    it('may say that the job is complete or has failed', () => {
        expect(errors(complete, { startTime })).toEqual([]);
        expect(errors({ startTime, conditions: is('FailureTarget', 'Failed') }, { startTime })).toEqual([]);
    });

    it.each<[string, V1JobStatus, string[]]>([
        [
            'both ends',
            { ...complete, conditions: is('SuccessCriteriaMet', 'Complete', 'FailureTarget', 'Failed') },
            [
                'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
                'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
                'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions',
                'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
            ],
        ],
        [
            'an end that nothing led to',
            { ...complete, conditions: is('Complete') },
            [
                'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
            ],
        ],
        [
            'a failure that nothing led to',
            { startTime, conditions: is('Failed') },
            [
                'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
            ],
        ],
        [
            'an end without times',
            { conditions: complete.conditions },
            [
                'status.completionTime: Required value: completionTime is required for Complete jobs',
                'status.startTime: Required value: startTime is required for finished job',
            ],
        ],
        [
            'an end before the start',
            { ...complete, completionTime: '2025-01-01T00:00:00Z' },
            [
                'status.completionTime: Invalid value: "2025-01-01T00:00:00Z": completionTime cannot be set before startTime',
            ],
        ],
        [
            'an end with pods',
            {
                ...complete,
                active: 1,
                terminating: 2,
                uncountedTerminatedPods: { succeeded: ['a'] },
            },
            [
                'status.active: Invalid value: 1: active>0 is invalid for finished job',
                'status.terminating: Invalid value: 2: terminating>0 is invalid for finished job',
                'status.uncountedTerminatedPods: Invalid value: {"succeeded":["a"]}: uncountedTerminatedPods needs to be empty for finished job',
            ],
        ],
        [
            'an end time of what goes on',
            { startTime, completionTime },
            [
                `status.completionTime: Invalid value: "${completionTime}": cannot set completionTime when there is no Complete=True condition`,
            ],
        ],
        [
            'counts that cannot be',
            { active: -1, ready: 2, failed: -3 },
            [
                'status.active: Invalid value: -1: must be greater than or equal to 0',
                'status.failed: Invalid value: -3: must be greater than or equal to 0',
                'status.ready: Invalid value: 2: cannot set more ready pods than active',
                'status.failed: Invalid value: -3: cannot decrease the failed counter',
            ],
        ],
        [
            'a pod that ended both ways',
            { uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] } },
            [
                'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
                'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
            ],
        ],
        [
            'indexes of a job without',
            { completedIndexes: '0', failedIndexes: '1' },
            [
                'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
                'status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
            ],
        ],
    ])('may not say: %s', (_, status, expected) => {
        expect(errors(status)).toEqual(expected);
    });

    it('lists indexes in order, each in one list', () => {
        const spec = { completionMode: 'Indexed', completions: 5, backoffLimitPerIndex: 1 };
        expect(errors({ completedIndexes: '0,2-3', failedIndexes: '1,4' }, {}, spec)).toEqual([]);
        expect(errors({ completedIndexes: '0,2-3', failedIndexes: '1,3-4' }, {}, spec)).toEqual([
            'status.failedIndexes: Invalid value: "1,3-4": failedIndexes and completedIndexes overlap at index: 3',
        ]);
        expect(errors({ completedIndexes: '3,x' }, {}, spec)).toEqual([
            'status.completedIndexes: Invalid value: "3,x": error parsing completedIndexes: cannot convert string to integer for index: "x"',
        ]);
        // What was wrong before blocks no other change.
        expect(errors({ completedIndexes: '9', active: 1 }, { completedIndexes: '9' }, spec)).toEqual([]);
    });

    it('keeps what was reached', () => {
        expect(errors({ ...complete, conditions: [] }, complete)).toContain(
            'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
        );
        expect(errors({ ...complete, completionTime: '2026-01-01T02:00:00Z' }, complete)).toEqual([
            'status.completionTime: Invalid value: "2026-01-01T02:00:00Z": completionTime cannot be mutated',
        ]);
        expect(errors({ succeeded: 1 }, { succeeded: 2, failed: 1 })).toEqual([
            'status.failed: Invalid value: 0: cannot decrease the failed counter',
            'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
        ]);
    });

    it('starts anew only when the job is suspended or resumed', () => {
        const message = 'status.startTime: Required value: startTime cannot be removed for unsuspended job';
        expect(errors({}, { startTime })).toEqual([message]);
        expect(errors({}, { startTime }, { suspend: true })).toEqual([]);
        expect(errors({ startTime: completionTime }, { startTime, conditions: is('Suspended') })).toEqual([]);
    });
});
