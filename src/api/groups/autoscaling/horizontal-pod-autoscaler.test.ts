import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../meta/field-error.ts';
import type { ApiObject } from '../../meta/object.ts';
import { createErrors, strategyOf } from '../testing.ts';

const autoscalers = strategyOf('horizontalpodautoscalers', 'autoscaling', 'v2');
const withSpec = (change: object): ApiObject =>
    ({
        metadata: { name: 'a' },
        spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' }, ...change },
    }) as ApiObject;
const metricErrors = (metric: object) => createErrors(autoscalers, withSpec({ metrics: [metric] }));
const perPod = { type: 'AverageValue', averageValue: '5' };
const at = 'spec.metrics[0]';

describe('a metric of an autoscaler', () => {
    it.each<[string, object]>([
        ['Pods', { pods: { metric: { name: 'requests' }, target: perPod } }],
        ['Resource', { resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
        ['ContainerResource', { containerResource: { name: 'cpu', container: 'web', target: perPod } }],
        ['External', { external: { metric: { name: 'queue' }, target: { type: 'Value', value: '9' } } }],
        [
            'Object',
            {
                object: {
                    describedObject: { kind: 'Ingress', name: 'main' },
                    metric: { name: 'hits' },
                    target: { type: 'Value', value: '9' },
                },
            },
        ],
    ])('of type %s is accepted', (type, source) => {
        expect(metricErrors({ type, ...source })).toEqual([]);
    });

    it.each<[string, object, string[]]>([
        [
            'has no name',
            { type: 'Pods', pods: { metric: {}, target: perPod } },
            [`${at}.pods.metric.name: Required value: must specify a metric name`],
        ],
        [
            'has a name that is a path',
            { type: 'Pods', pods: { metric: { name: 'a/b' }, target: perPod } },
            [`${at}.pods.metric.name: Invalid value: "a/b": may not contain '/'`],
        ],
        [
            'is of no object',
            {
                type: 'Object',
                object: { describedObject: { kind: '' }, metric: { name: 'm' }, target: perPod },
            },
            [
                `${at}.object.describedObject.kind: Required value`,
                `${at}.object.describedObject.name: Required value`,
            ],
        ],
        [
            'is of a container without name',
            { type: 'ContainerResource', containerResource: { name: 'cpus', target: perPod } },
            [
                `${at}.containerResource.name: Invalid value: "cpus": must be a standard resource type or fully qualified`,
                `${at}.containerResource.name: Invalid value: "cpus": must be a standard resource for containers`,
                `${at}.containerResource.container: Required value: must specify a container`,
            ],
        ],
        [
            'has no target',
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } },
            [
                `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
            ],
        ],
        [
            'has two targets',
            {
                type: 'Resource',
                resource: { name: 'cpu', target: { ...perPod, averageUtilization: 5 } },
            },
            [
                `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
            ],
        ],
        [
            'has a target of another type',
            { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Sum', value: '1' } } },
            [
                `${at}.external.target.type: Invalid value: "Sum": must be either Utilization, Value, or AverageValue`,
            ],
        ],
        [
            'has two sources',
            {
                type: 'Pods',
                pods: { metric: { name: 'm' }, target: perPod },
                resource: { name: 'cpu', target: perPod },
            },
            [`${at}.resource: Forbidden: must populate the given metric source only`],
        ],
        [
            'lacks its source',
            { type: 'Pods' },
            [`${at}.pods: Required value: must populate information for the given metric source`],
        ],
    ])('%s', (_, metric, expected) => {
        expect(metricErrors(metric)).toEqual(expected);
    });
});

describe('an autoscaler', () => {
    it('tolerates no negative deviation', () => {
        const tolerating = (tolerance: string) =>
            createErrors(autoscalers, withSpec({ behavior: { scaleUp: { tolerance } } }));
        expect(tolerating('50m')).toEqual([]);
        expect(tolerating('-1')).toEqual([
            'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
        ]);
    });

    it('counts no negative replicas', () => {
        const status = { currentReplicas: -1, desiredReplicas: 2 };
        const object = { ...withSpec({}), status };
        expect((autoscalers.validateStatusUpdate?.(object, object) ?? []).map(formatFieldError)).toEqual([
            'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
        ]);
    });
});
