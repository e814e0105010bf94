import { describe, expect, it } from '@jest/globals';
import { examplePod, prepared, strategyOf } from '../../testing.ts';
import { pullPolicyOf } from './container-defaults.ts';
import { qosClassOf } from './qos.ts';

const pods = strategyOf('pods');

describe('defaults of a pod', () => {
    it('fills in what upstream fills in for the smallest pod', () => {
        const { spec, status } = prepared(pods, examplePod());
        expect(spec).toEqual({
            containers: [
                {
                    name: 'web',
                    image: 'nginx:1.27',
                    imagePullPolicy: 'IfNotPresent',
                    resources: {},
                    terminationMessagePath: '/dev/termination-log',
                    terminationMessagePolicy: 'File',
                },
            ],
            dnsPolicy: 'ClusterFirst',
            enableServiceLinks: true,
            restartPolicy: 'Always',
            schedulerName: 'default-scheduler',
            securityContext: {},
            terminationGracePeriodSeconds: 30,
        });
        expect(status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    });

    it('changes nothing when they are applied again', () => {
        const once = prepared(pods, examplePod());
        const twice = structuredClone(once);
        pods.defaults?.(twice);
        expect(twice).toEqual(once);
    });

    it.each([
        ['nginx', 'Always'],
        ['nginx:latest', 'Always'],
        ['nginx:1.27', 'IfNotPresent'],
        ['registry:5000/nginx', 'Always'],
        ['registry:5000/nginx:1', 'IfNotPresent'],
        ['nginx@sha256:0123', 'IfNotPresent'],
    ])('image %s is pulled %s', (image, policy) => {
        expect(pullPolicyOf(image)).toBe(policy);
    });

    it('takes requests from limits, ports from containers on the host network, and probe numbers', () => {
        const { spec } = prepared(
            pods,
            examplePod((pod) => {
                pod.spec.hostNetwork = true;
                Object.assign(pod.spec.containers[0]!, {
                    ports: [{ containerPort: 80 }],
                    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
                    livenessProbe: { httpGet: { port: 80 } },
                });
                pod.spec.volumes = [
                    { name: 'a' },
                    { name: 'b', secret: { secretName: 's' } },
                    { name: 'c', hostPath: { path: '/x' } },
                ];
            }),
        );
        const container = spec?.containers[0];
        expect(container?.resources?.requests).toEqual({ cpu: '500m', memory: '1Gi' });
        expect(container?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
        expect(container?.livenessProbe).toEqual({
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
        });
        expect(spec?.volumes).toEqual([
            { name: 'a', emptyDir: {} },
            { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
            { name: 'c', hostPath: { path: '/x', type: '' } },
        ]);
    });
});

describe('quality of service', () => {
    it.each([
        [{}, 'BestEffort'],
        [{ requests: { cpu: '1' } }, 'Burstable'],
        [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
        [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } }, 'Burstable'],
        [{ requests: { 'example.com/gpu': '1' } }, 'BestEffort'],
    ])('resources %j make the pod %s', (resources, expected) => {
        const pod = examplePod((one) => Object.assign(one.spec.containers[0]!, { resources }));
        expect(qosClassOf(pod)).toBe(expected);
    });
});
