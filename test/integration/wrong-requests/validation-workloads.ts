import { examples, withMember } from './objects.ts';
import { creations, type ValidationRow } from './validation.ts';
import { invalid, type WrongRequest } from './wrong-request.ts';

const negative = (field: string) => `${field}: Invalid value: -1: must be greater than or equal to 0`;
const template = 'spec.template';

const rows: ValidationRow[] = [
    ['Deployment', 'spec.replicas', -1, negative('spec.replicas')],
    ['Deployment', 'spec.selector', undefined, /spec\.selector: Required value/],
    [
        'Deployment',
        'spec.selector',
        {},
        /spec\.selector: Invalid value: .*: empty selector is invalid for deployment/,
    ],
    [
        'Deployment',
        'spec.selector',
        { matchLabels: { app: 'other' } },
        'spec.template.metadata.labels: Invalid value: {"app":"shop"}: `selector` does not match template `labels`',
    ],
    [
        'Deployment',
        'spec.selector',
        { matchExpressions: [{ key: 'app', operator: 'Like', values: ['x'] }] },
        /spec\.selector\.matchExpressions\[0\]\.operator: Invalid value: "Like": not a valid selector operator/,
    ],
    [
        'Deployment',
        'spec.selector',
        { matchExpressions: [{ key: 'app', operator: 'In' }] },
        /spec\.selector\.matchExpressions\[0\]\.values: Required value: must be specified when `operator` is 'In' or 'NotIn'/,
    ],
    [
        'Deployment',
        'spec.strategy',
        { type: 'Recreate', rollingUpdate: {} },
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
        'Deployment',
        'spec.strategy',
        { type: 'Sideways' },
        'spec.strategy: Unsupported value: {"type":"Sideways"}: supported values: "Recreate", "RollingUpdate"',
    ],
    [
        'Deployment',
        'spec.strategy',
        { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } },
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [
        'Deployment',
        'spec.strategy',
        { rollingUpdate: { maxUnavailable: '101%' } },
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
    [
        'Deployment',
        'spec.strategy',
        { rollingUpdate: { maxSurge: 'many' } },
        /spec\.strategy\.rollingUpdate\.maxSurge: Invalid value: "many": a valid percent string must be a numeric string followed by an ending '%'/,
    ],
    [
        'Deployment',
        'spec.minReadySeconds',
        -1,
        /spec\.minReadySeconds: Invalid value: -1: must be greater than or equal to 0/,
    ],
    [
        'Deployment',
        'spec.progressDeadlineSeconds',
        0,
        'spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds',
    ],
    ['Deployment', 'spec.revisionHistoryLimit', -1, negative('spec.revisionHistoryLimit')],
    [
        'Deployment',
        `${template}.spec.restartPolicy`,
        'Never',
        `${template}.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`,
    ],
    [
        'Deployment',
        `${template}.spec.activeDeadlineSeconds`,
        5,
        `${template}.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported`,
    ],
    ['Deployment', `${template}.spec.containers`, [], `${template}.spec.containers: Required value`],
    [
        'Deployment',
        `${template}.spec.containers[0].image`,
        '',
        `${template}.spec.containers[0].image: Required value`,
    ],
    ['ReplicaSet', 'spec.replicas', -1, negative('spec.replicas')],
    [
        'ReplicaSet',
        'spec.selector',
        { matchLabels: { app: 'other' } },
        'spec.template.metadata.labels: Invalid value: {"app":"shop"}: `selector` does not match template `labels`',
    ],
    [
        'ReplicationController',
        'spec.selector',
        { app: 'other' },
        'spec.template.metadata.labels: Invalid value: {"app":"shop"}: `selector` does not match template `labels`',
    ],
    ['ReplicationController', 'spec.replicas', -1, negative('spec.replicas')],
    ['StatefulSet', 'spec.replicas', -1, negative('spec.replicas')],
    [
        'StatefulSet',
        'spec.podManagementPolicy',
        'Whenever',
        "spec.podManagementPolicy: Invalid value: \"Whenever\": must be 'OrderedReady' or 'Parallel'",
    ],
    [
        'StatefulSet',
        'spec.updateStrategy',
        { type: 'Sideways' },
        'spec.updateStrategy: Invalid value: {"type":"Sideways"}: must be \'RollingUpdate\' or \'OnDelete\'',
    ],
    [
        'StatefulSet',
        'spec.updateStrategy',
        { type: 'OnDelete', rollingUpdate: { partition: 1 } },
        /spec\.updateStrategy\.rollingUpdate: Invalid value: .*only allowed for updateStrategy 'RollingUpdate'/,
    ],
    [
        'StatefulSet',
        'spec.updateStrategy',
        { rollingUpdate: { partition: -1 } },
        negative('spec.updateStrategy.rollingUpdate.partition'),
    ],
    [
        'DaemonSet',
        'spec.updateStrategy',
        { type: 'Sideways' },
        'spec.updateStrategy.type: Unsupported value: "Sideways": supported values: "OnDelete", "RollingUpdate"',
    ],
    [
        'DaemonSet',
        'spec.selector',
        { matchLabels: { app: 'other' } },
        'spec.template.metadata.labels: Invalid value: {"app":"shop"}: `selector` does not match template `labels`',
    ],
    [
        'DaemonSet',
        `${template}.spec.restartPolicy`,
        'OnFailure',
        `${template}.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"`,
    ],
    [
        'Job',
        `${template}.spec.restartPolicy`,
        'Always',
        `${template}.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
    ],
    [
        'Job',
        `${template}.spec.restartPolicy`,
        undefined,
        `${template}.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
    ],
    ['Job', 'spec.parallelism', -1, negative('spec.parallelism')],
    ['Job', 'spec.completions', -1, negative('spec.completions')],
    ['Job', 'spec.backoffLimit', -1, negative('spec.backoffLimit')],
    ['Job', 'spec.activeDeadlineSeconds', -1, negative('spec.activeDeadlineSeconds')],
    ['Job', 'spec.ttlSecondsAfterFinished', -1, negative('spec.ttlSecondsAfterFinished')],
    [
        'Job',
        'spec.completionMode',
        'Random',
        'spec.completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"',
    ],
    ['Job', 'spec.manualSelector', true, /spec\.selector: Required value/],
    [
        'Job',
        'spec.podReplacementPolicy',
        'Never',
        'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
    ],
    ['CronJob', 'spec.schedule', '', 'spec.schedule: Required value'],
    [
        'CronJob',
        'spec.schedule',
        'at noon',
        'spec.schedule: Invalid value: "at noon": expected exactly 5 fields, found 2: [at noon]',
    ],
    [
        'CronJob',
        'spec.schedule',
        '61 * * * *',
        'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    ],
    [
        'CronJob',
        'spec.schedule',
        'TZ=UTC 0 * * * *',
        /spec\.schedule: Invalid value: "TZ=UTC 0 \* \* \* \*": cannot use TZ or CRON_TZ in schedule, use timeZone field instead/,
    ],
    [
        'CronJob',
        'spec.timeZone',
        'Mars/Crater',
        'spec.timeZone: Invalid value: "Mars/Crater": unknown time zone Mars/Crater',
    ],
    [
        'CronJob',
        'spec.concurrencyPolicy',
        'Maybe',
        'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
    ],
    ['CronJob', 'spec.startingDeadlineSeconds', -1, negative('spec.startingDeadlineSeconds')],
    ['CronJob', 'spec.successfulJobsHistoryLimit', -1, negative('spec.successfulJobsHistoryLimit')],
    [
        'CronJob',
        'spec.jobTemplate.spec.template.spec.restartPolicy',
        'Always',
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
        'HorizontalPodAutoscaler',
        'spec.maxReplicas',
        0,
        /spec\.maxReplicas: Invalid value: 0: must be greater than 0/,
    ],
    [
        'HorizontalPodAutoscaler',
        'spec.minReplicas',
        5,
        'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
    ],
    [
        'HorizontalPodAutoscaler',
        'spec.minReplicas',
        -1,
        /spec\.minReplicas: Invalid value: -1: must be greater than or equal to 1/,
    ],
    ['HorizontalPodAutoscaler', 'spec.scaleTargetRef.kind', '', 'spec.scaleTargetRef.kind: Required value'],
    ['HorizontalPodAutoscaler', 'spec.scaleTargetRef.name', '', 'spec.scaleTargetRef.name: Required value'],
    [
        'HorizontalPodAutoscaler',
        'spec.metrics',
        [{ type: 'Luck' }],
        /spec\.metrics\[0\]\.type: Unsupported value: "Luck": supported values: /,
    ],
    [
        'HorizontalPodAutoscaler',
        'spec.metrics',
        [{ type: 'Resource' }],
        /spec\.metrics\[0\]\.resource: Required value/,
    ],
    [
        'PodDisruptionBudget',
        'spec.minAvailable',
        -1,
        'spec.minAvailable: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
        'PodDisruptionBudget',
        'spec.minAvailable',
        '200%',
        'spec.minAvailable: Invalid value: "200%": must not be greater than 100%',
    ],
    [
        'PodDisruptionBudget',
        'spec.maxUnavailable',
        1,
        /spec: Invalid value: .*: minAvailable and maxUnavailable cannot be both set/,
    ],
    [
        'PodDisruptionBudget',
        'spec.unhealthyPodEvictionPolicy',
        'x',
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "x": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
    ['PodTemplate', 'template.spec.containers', [], 'template.spec.containers: Required value'],
    ['ControllerRevision', 'revision', -1, 'revision: Invalid value: -1: must be greater than or equal to 0'],
];

export function workloadKinds(): WrongRequest[] {
    const { Job } = examples;
    const indexed = withMember(
        withMember(Job.object, 'spec.completionMode', 'Indexed'),
        'spec.parallelism',
        2,
    );
    return [
        ...creations(rows),
        {
            name: 'an indexed Job without completions',
            method: 'POST',
            path: Job.collection,
            body: withMember(indexed, 'metadata.name', 'wrong'),
            expect: invalid(
                'Job.batch',
                'wrong',
                'spec.completions: Required value: when completion mode is Indexed',
            ),
        },
    ];
}
