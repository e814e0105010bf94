import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../meta/field-error.ts';
import type { V1LimitRangeItem, V1ResourceQuotaSpec } from '../../meta/object.ts';
import { createErrors, strategyOf, updateErrors } from '../testing.ts';

const quotas = strategyOf('resourcequotas');
const ranges = strategyOf('limitranges');
const metadata = { name: 'q', namespace: 'default' };
const quotaErrors = (spec: V1ResourceQuotaSpec): string[] =>
    createErrors(quotas, { metadata, spec } as never);
const rangeErrors = (item: V1LimitRangeItem): string[] =>
    createErrors(ranges, { metadata, spec: { limits: [item] } } as never);
const selecting = (scopeName: string, operator: string, values?: string[]) => ({
    scopeSelector: {
        matchExpressions: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }],
    },
});
const path = 'spec.scopeSelector.matchExpressions';

describe('a ResourceQuota', () => {
    it.each([
        'pods',
        'requests.cpu',
        'limits.memory',
        'requests.storage',
        'requests.hugepages-2Mi',
        'count/jobs.batch',
        'requests.nvidia.com/gpu',
        'gold.storageclass.storage.k8s.io/requests.storage',
    ])('may limit %s', (name) => {
        expect(quotaErrors({ hard: { [name]: '1' } })).toEqual([]);
    });

    it('may not limit what nobody counts', () => {
        expect(quotaErrors({ hard: { foo: '1' } })).toEqual([
            'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
            'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
        ]);
        expect(quotaErrors({ hard: { storage: '1' } })).toEqual([
            'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
        ]);
    });

    it.each<[string, V1ResourceQuotaSpec, string[]]>([
        ['pods in a scope of pods', { hard: { pods: '1', cpu: '1' }, scopes: ['NotBestEffort'] }, []],
        [
            'services in a scope of pods',
            { hard: { services: '1' }, scopes: ['Terminating'] },
            ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
        ],
        [
            'CPU of pods that ask for none',
            { hard: { cpu: '1' }, scopes: ['BestEffort'] },
            ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
        ],
        [
            'claims by class',
            { hard: { persistentvolumeclaims: '1' }, ...selecting('VolumeAttributesClass', 'In', ['gold']) },
            [],
        ],
        [
            'a scope that does not exist',
            { ...selecting('Lucky', 'Exists') },
            [`${path}.scopeName: Invalid value: "Lucky": unsupported scope`],
        ],
        [
            'values of a selector that has none',
            { ...selecting('PriorityClass', 'Exists', ['a']) },
            [
                `${path}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
            ],
        ],
        [
            'no values of a selector that needs some',
            { ...selecting('PriorityClass', 'In') },
            [
                `${path}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
            ],
        ],
        [
            'an operator that does not exist',
            { ...selecting('PriorityClass', 'Gt') },
            [`${path}.operator: Invalid value: "Gt": not a valid selector operator`],
        ],
        [
            'a choice in a scope that is there or not',
            { ...selecting('BestEffort', 'DoesNotExist') },
            [
                `${path}.operator: Invalid value: "DoesNotExist": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
            ],
        ],
    ])('with %s', (_name, spec, errors) => {
        expect(quotaErrors(spec)).toEqual(errors);
    });

    it('keeps its scopes', () => {
        const quota = { metadata, spec: { hard: { pods: '1' }, scopes: ['NotBestEffort'] } };
        const errors = updateErrors(quotas, quota, (copy: { spec: V1ResourceQuotaSpec }) => {
            copy.spec.scopes = ['BestEffort'];
        });
        expect(errors).toEqual(['spec.scopes: Invalid value: ["BestEffort"]: field is immutable']);
    });

    it('has a status of what quotas count', () => {
        const status = { hard: { foo: '1' }, used: { pods: '-1' } };
        const errors = quotas.validateStatusUpdate?.({ metadata, status } as never, { metadata });
        expect(errors?.map(formatFieldError)).toEqual([
            'status.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
            'status.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
            'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
        ]);
    });
});

describe('a LimitRange', () => {
    it.each<[string, V1LimitRangeItem, string[]]>([
        ['limits of a container', { type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }, []],
        [
            'storage of a container',
            { type: 'Container', max: { storage: '1' } },
            ['max', 'default', 'defaultRequest'].map(
                (part) =>
                    `spec.limits[0].${part}[storage]: Invalid value: "storage": must be a standard resource for containers`,
            ),
        ],
        [
            'a type of its own',
            { type: 'Odd' },
            ['spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified'],
        ],
        [
            'a ratio below one',
            { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } },
            ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
        ],
        [
            'a ratio that maximum and minimum do not reach',
            { type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } },
            [
                'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
            ],
        ],
        [
            'devices of which a container asks for fewer than it may have',
            { type: 'Container', default: { 'a.io/gpu': '2' }, defaultRequest: { 'a.io/gpu': '1' } },
            [
                'spec.limits[0].defaultRequest[a.io/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.io/gpu',
            ],
        ],
        [
            'a default above the maximum',
            { type: 'Container', max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } },
            ['spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1'],
        ],
    ])('with %s', (_name, item, errors) => {
        expect(rangeErrors(item)).toEqual(errors);
    });
});
