import { describe, expect, it } from '@jest/globals';
import type {
    ApiObject,
    V1CronJob,
    V1Deployment,
    V1Job,
    V1StatefulSet,
    V1StatefulSetSpec,
} from '../../meta/object.ts';
import { createErrors, exampleTemplate, prepared, rowOf, strategyOf, updateErrors } from '../testing.ts';

const deployments = strategyOf('deployments', 'apps');
const selector = { matchLabels: { app: 'web' } };
const deployment = (change: Partial<V1Deployment['spec']> = {}): V1Deployment => ({
    metadata: { name: 'web' },
    spec: { selector, template: exampleTemplate(), ...change },
});

describe('deployments', () => {
    it('get upstream defaults', () => {
        expect(prepared(deployments, deployment())).toMatchObject({
            metadata: { generation: 1 },
            spec: {
                replicas: 1,
                strategy: {
                    type: 'RollingUpdate',
                    rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
                },
                revisionHistoryLimit: 10,
                progressDeadlineSeconds: 600,
                template: { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 } },
            },
            status: {},
        });
    });

    it.each<[string, Partial<V1Deployment['spec']>, string[]]>([
        [
            'fewer than no replicas',
            { replicas: -1 },
            ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
        ],
        [
            'a selector that does not fit',
            { selector: { matchLabels: { app: 'x' } } },
            [
                'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
            ],
        ],
        [
            'an empty selector',
            { selector: {} },
            ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
        ],
        [
            'pods that end',
            { template: exampleTemplate('Never') },
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ],
        [
            'no way to roll',
            { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
            [
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
            ],
        ],
        [
            'a rolling update that recreates',
            { strategy: { type: 'Recreate', rollingUpdate: {} } },
            [
                "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
            ],
        ],
    ])('are refused with %s', (_name, change, expected) => {
        expect(createErrors(deployments, deployment(change))).toEqual(expected);
    });

    it('keep their selector', () => {
        const errors = updateErrors(deployments, deployment(), (copy: V1Deployment) => {
            copy.spec!.selector = { matchLabels: { app: 'x' } };
            copy.spec!.template.metadata!.labels = { app: 'x' };
        });
        expect(errors).toEqual([
            'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
        ]);
    });

    it('are printed as kubectl does', () => {
        const object = {
            ...deployment({ replicas: 3 }),
            status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
        };
        expect(rowOf(deployments, object)).toMatchObject({
            Ready: '2/3',
            'Up-to-date': 3,
            Available: 2,
            Containers: 'web',
            Images: 'nginx:1.27',
            Selector: 'app=web',
        });
    });
});

describe('other workloads', () => {
    it.each([
        ['replicasets', 'apps', {}, { replicas: 1 }],
        [
            'daemonsets',
            'apps',
            {},
            { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
        ],
        [
            'statefulsets',
            'apps',
            { serviceName: 'web' },
            {
                podManagementPolicy: 'OrderedReady',
                persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
            },
        ],
    ])('%s are accepted and get their defaults', (plural, group, extra, expected) => {
        const strategy = strategyOf(plural, group);
        const object = {
            metadata: { name: 'web' },
            spec: { selector, template: exampleTemplate(), ...extra },
        } as ApiObject;
        expect(createErrors(strategy, object)).toEqual([]);
        expect(prepared(strategy, object)).toMatchObject({ spec: expected });
    });

    it('a replication controller selects what its template is labelled with', () => {
        const controller = { metadata: { name: 'web' }, spec: { template: exampleTemplate() } } as ApiObject;
        expect(prepared(strategyOf('replicationcontrollers'), controller)).toMatchObject({
            metadata: { labels: { app: 'web' } },
            spec: { selector: { app: 'web' }, replicas: 1 },
        });
    });
});

describe('jobs', () => {
    const jobs = strategyOf('jobs', 'batch');
    const job = (change: object = {}): V1Job => ({
        metadata: { name: 'j', uid: 'u1' },
        spec: { template: exampleTemplate('Never'), ...change },
    });

    it('select pods by their uid', () => {
        const { spec } = prepared(jobs, job());
        expect(spec).toMatchObject({
            completions: 1,
            parallelism: 1,
            backoffLimit: 6,
            completionMode: 'NonIndexed',
            suspend: false,
            podReplacementPolicy: 'TerminatingOrFailed',
            selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
        });
        expect(spec?.template.metadata?.labels).toEqual({
            app: 'web',
            'batch.kubernetes.io/controller-uid': 'u1',
            'batch.kubernetes.io/job-name': 'j',
            'controller-uid': 'u1',
            'job-name': 'j',
        });
        expect(createErrors(jobs, job())).toEqual([]);
    });

    it('without labels have those of their pods', () => {
        const template = exampleTemplate('Never');
        delete template.metadata;
        expect(prepared(jobs, job({ template })).metadata?.labels).toEqual({
            'batch.kubernetes.io/controller-uid': 'u1',
            'batch.kubernetes.io/job-name': 'j',
            'controller-uid': 'u1',
            'job-name': 'j',
        });
    });

    it('must let their pods end', () => {
        expect(createErrors(jobs, job({ template: exampleTemplate() }))).toEqual([
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ]);
    });

    it('keep their template', () => {
        const errors = updateErrors(
            jobs,
            job(),
            (copy: V1Job) => (copy.spec!.template.spec!.containers[0]!.image = 'x'),
        );
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
    });

    it('show how far they are', () => {
        const object = {
            ...job({ completions: 3 }),
            status: { succeeded: 1, startTime: '2026-01-02T03:03:05Z' },
        };
        expect(rowOf(jobs, object)).toMatchObject({ Status: 'Running', Completions: '1/3', Duration: '60s' });
    });

    it.each([
        ['*/5 * * * *', []],
        ['@daily', []],
        ['0 9 * * mon-fri', []],
        [
            '61 * * * *',
            ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
        ],
        [
            '* * * *',
            ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
        ],
    ])('schedule "%s"', (schedule, expected) => {
        const cronJob = {
            metadata: { name: 'c' },
            spec: { schedule, jobTemplate: { spec: { template: exampleTemplate('OnFailure') } } },
        } as V1CronJob;
        expect(createErrors(strategyOf('cronjobs', 'batch'), cronJob)).toEqual(expected);
    });
});

describe('statefulsets', () => {
    it('let containers mount the volumes of their claims', () => {
        const template = exampleTemplate();
        const [container] = template.spec?.containers ?? [];
        if (container !== undefined) container.volumeMounts = [{ name: 'data', mountPath: '/data' }];
        const claim = {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        };
        const statefulSet = (claims: Partial<V1StatefulSetSpec>): V1StatefulSet => ({
            metadata: { name: 'db' },
            spec: { selector, serviceName: 'db', template, ...claims },
        });
        const strategy = strategyOf('statefulsets', 'apps');
        expect(createErrors(strategy, statefulSet({ volumeClaimTemplates: [claim] }))).toEqual([]);
        expect(createErrors(strategy, statefulSet({}))).toEqual([
            'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]);
    });
});
