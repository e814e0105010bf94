import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../../meta/field-error.ts';
import type { V1Container, V1Pod, V1PodSpec, V1ResourceRequirements } from '../../../meta/object.ts';
import { createErrors, examplePod, prepared, strategyOf } from '../../testing.ts';

const pods = strategyOf('pods');

const container = (name: string, resources: V1ResourceRequirements, more: object = {}): V1Container => ({
    name,
    image: 'x',
    resources,
    ...more,
});
const podOf = (change: Partial<V1PodSpec>) => examplePod((pod) => Object.assign(pod.spec, change));

describe('resources of a pod as a whole', () => {
    it('take requests from the containers before they take them from limits', () => {
        const pod = podOf({
            resources: { limits: { cpu: '4', memory: '4Gi' } },
            containers: [
                container('a', { requests: { cpu: '1' } }),
                container('b', { requests: { cpu: '500m' } }),
            ],
        });
        expect(prepared(pods, pod).spec?.resources?.requests).toEqual({ cpu: '1500m', memory: '4Gi' });
    });

    it('count sidecars with the containers, and an init container beside the sidecars before it', () => {
        const pod = (init: string) =>
            podOf({
                resources: { limits: { cpu: '9' } },
                initContainers: [
                    container('s', { requests: { cpu: '1' } }, { restartPolicy: 'Always' }),
                    container('i', { requests: { cpu: init } }),
                ],
                containers: [container('a', { requests: { cpu: '2' } })],
            });
        expect(prepared(pods, pod('1')).spec?.resources?.requests).toEqual({ cpu: '3' });
        expect(prepared(pods, pod('5')).spec?.resources?.requests).toEqual({ cpu: '6' });
    });

    it('take limits of huge pages from the containers, and nothing where nothing is said', () => {
        const containers = [container('a', { limits: { 'hugepages-2Mi': '4Mi', memory: '1Gi' } })];
        const said = prepared(pods, podOf({ resources: { requests: { memory: '2Gi' } }, containers }));
        expect(said.spec?.resources).toEqual({
            requests: { memory: '2Gi', 'hugepages-2Mi': '4Mi' },
            limits: { 'hugepages-2Mi': '4Mi' },
        });
        const unsaid = prepared(pods, podOf({ resources: {}, containers }));
        expect(unsaid.spec?.resources).toEqual({});
    });

    it.each<[string, Partial<V1PodSpec>, string[]]>([
        [
            'cover what the containers request',
            {
                resources: { requests: { cpu: '1' } },
                containers: [
                    container('a', { requests: { cpu: '1' } }),
                    container('b', { requests: { cpu: '500m' } }),
                ],
            },
            [
                'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m',
            ],
        ],
        [
            'are the limit of each container',
            {
                resources: { limits: { memory: '1Gi' }, requests: { memory: '1Gi' } },
                containers: [container('a', { limits: { memory: '2Gi' }, requests: { memory: '1Gi' } })],
            },
            [
                'spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
            ],
        ],
        [
            'are of cpu, memory and huge pages',
            { resources: { limits: { 'ephemeral-storage': '1Gi' } } },
            [
                'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
            ],
        ],
        [
            'are not for Windows',
            { os: { name: 'windows' }, resources: { limits: { cpu: '1' } } },
            ['spec.resources: Forbidden: may not be set for a windows pod'],
        ],
    ])('%s', (_, change, expected) => {
        expect(createErrors(pods, podOf(change))).toEqual(expected);
    });
});

describe('a resize', () => {
    const resize = (change: (pod: V1Pod & { spec: V1PodSpec }) => void) => {
        const old = prepared(
            pods,
            podOf({
                resources: { requests: { cpu: '2' }, limits: { cpu: '4' } },
                initContainers: [container('i', { requests: { cpu: '1' } })],
            }),
        );
        const pod = structuredClone(old) as V1Pod & { spec: V1PodSpec };
        change(pod);
        pods.defaults?.(pod);
        pods.prepareForUpdate?.(pod, old, { now: '', subresource: 'resize' });
        const errors = pods.validateSubresourceUpdate?.(pod, old, 'resize') ?? [];
        return { spec: pod.spec, errors: errors.map(formatFieldError) };
    };

    it('changes what the pod has as a whole', () => {
        const { spec, errors } = resize((pod) => {
            pod.spec.resources = { requests: { cpu: '3' }, limits: { cpu: '5' } };
        });
        expect(errors).toEqual([]);
        expect(spec.resources).toEqual({ requests: { cpu: '3' }, limits: { cpu: '5' } });
    });

    it('changes an init container', () => {
        const { spec, errors } = resize((pod) => {
            pod.spec.initContainers![0]!.resources = { requests: { cpu: '1500m' } };
        });
        expect(errors).toEqual([]);
        expect(spec.initContainers?.[0]?.resources).toEqual({ requests: { cpu: '1500m' } });
    });

    it('takes nothing away from the pod, and gives it nothing but cpu and memory', () => {
        expect(
            resize((pod) => {
                pod.spec.resources = { requests: { cpu: '2' } };
            }).errors,
        ).toEqual(['spec.resources.limits: Forbidden: resource limits cannot be removed']);
        expect(
            resize((pod) => {
                pod.spec.resources!.limits!['hugepages-2Mi'] = '2Mi';
            }).errors,
        ).toContain('spec: Forbidden: only cpu and memory resources are mutable');
    });
});
