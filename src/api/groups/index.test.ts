import { describe, expect, it } from '@jest/globals';
import { duration } from './columns.ts';
import { resourceDefinitions } from './index.ts';

const find = (plural: string, group = '') =>
    resourceDefinitions().find((one) => one.plural === plural && one.group === group);

describe('the definitions of all resources', () => {
    it('cover the schema, each with columns that start with the name or say what happened', () => {
        expect(resourceDefinitions().length).toBeGreaterThan(60);
        for (const { plural, strategy } of resourceDefinitions()) {
            const first = strategy.columns?.[0]?.name;
            expect([plural, first]).toEqual([plural, plural === 'events' ? 'Last Seen' : 'Name']);
        }
    });

    it('print an object that has nothing but a name without failing', () => {
        for (const { kind, strategy } of resourceDefinitions()) {
            const object = { kind, metadata: { name: 'x' } };
            strategy.defaults?.(object);
            strategy.prepareForCreate?.(object, { now: '2026-01-01T00:00:00Z' });
            strategy.validate?.(object);
            strategy.selectableFields?.(object);
            strategy.warnings?.(object, undefined);
        }
    });

    it.each([
        ['services', '', 'services/specs', ['svc']],
        ['nodes', '', 'minions', ['no']],
        ['endpoints', '', 'services/endpoints', ['ep']],
        ['replicationcontrollers', '', 'controllers', ['rc']],
        ['ingresses', 'networking.k8s.io', 'ingress', ['ing']],
        ['deployments', 'apps', 'deployments', ['deploy']],
    ])('keep %s.%s under %s', (plural, group, prefix, short) => {
        expect(find(plural, group)?.storagePrefix).toBe(prefix);
        expect(find(plural, group)?.shortNames).toEqual(short);
    });

    it('share storage between the versions of events and of autoscalers', () => {
        expect(find('events', 'events.k8s.io')?.conversion?.stored).toEqual({ group: '', version: 'v1' });
        const prefixes = resourceDefinitions()
            .filter((one) => one.plural === 'events')
            .map((one) => one.storagePrefix);
        expect(prefixes).toEqual(['events', 'events']);
    });

    it('convert an event there and back', () => {
        const event = {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name: 'e' },
            involvedObject: { kind: 'Pod', name: 'p' },
            message: 'hello',
            reportingComponent: 'kubelet',
            count: 2,
        };
        const conversion = find('events', 'events.k8s.io')?.conversion;
        const converted = conversion?.fromStored(event) as Record<string, unknown>;
        expect(converted).toMatchObject({
            apiVersion: 'events.k8s.io/v1',
            regarding: { kind: 'Pod', name: 'p' },
            note: 'hello',
            reportingController: 'kubelet',
            deprecatedCount: 2,
        });
        expect(conversion?.toStored(converted)).toEqual(event);
    });

    it('convert an autoscaler there and back', () => {
        const conversion = resourceDefinitions().find(
            (one) => one.group === 'autoscaling' && one.version === 'v1',
        )?.conversion;
        const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' } };
        const v1 = {
            apiVersion: 'autoscaling/v1',
            kind: 'HorizontalPodAutoscaler',
            metadata: { name: 'h' },
            spec: { ...spec, targetCPUUtilizationPercentage: 70 },
            status: { currentReplicas: 1, desiredReplicas: 2 },
        };
        const v2 = conversion?.toStored(v1) as { spec: unknown };
        expect(v2.spec).toEqual({
            ...spec,
            metrics: [
                {
                    type: 'Resource',
                    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
                },
            ],
        });
        expect(conversion?.fromStored(v2 as never)).toEqual(v1);
    });
});

describe('durations', () => {
    it.each([
        [-5000, '<invalid>'],
        [0, '0s'],
        [119_000, '119s'],
        [120_000, '2m'],
        [330_000, '5m30s'],
        [600_000, '10m'],
        [3 * 3_600_000, '3h'],
        [3 * 3_600_000 + 720_000, '3h12m'],
        [47 * 3_600_000, '47h'],
        [(3 * 24 + 4) * 3_600_000, '3d4h'],
        [20 * 24 * 3_600_000, '20d'],
        [800 * 24 * 3_600_000, '2y70d'],
    ])('%d ms is %s', (ms, expected) => {
        expect(duration(ms)).toBe(expected);
    });
});
