import { describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../meta/object.ts';
import { createErrors, prepared, strategyOf, updateErrors } from './testing.ts';

const named = (rest: object): ApiObject => ({ metadata: { name: 'x', namespace: 'default' }, ...rest });
const rbac = 'rbac.authorization.k8s.io';
const roleRef = { apiGroup: rbac, kind: 'Role', name: 'r' };

describe('what is refused', () => {
    it.each<[string, string, string, object, string[]]>([
        [
            'a role without verbs',
            'roles',
            rbac,
            { rules: [{ apiGroups: [''], resources: ['pods'] }] },
            ['rules[0].verbs: Required value: verbs must contain at least one value'],
        ],
        [
            'a subject without namespace',
            'rolebindings',
            rbac,
            { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'a' }] },
            ['subjects[0].namespace: Required value'],
        ],
        [
            'a cluster-wide binding to a role',
            'clusterrolebindings',
            rbac,
            { roleRef },
            ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
        ],
        [
            'an ingress with nothing in it',
            'ingresses',
            'networking.k8s.io',
            { spec: {} },
            ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
        ],
        [
            'a budget with both bounds',
            'poddisruptionbudgets',
            'policy',
            { spec: { minAvailable: 1, maxUnavailable: 1 } },
            [
                'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
            ],
        ],
        [
            'a claim without a size',
            'persistentvolumeclaims',
            '',
            { spec: { accessModes: ['ReadWriteOnce'] } },
            ['spec.resources[storage]: Required value'],
        ],
        [
            'a volume of no kind',
            'persistentvolumes',
            '',
            { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } },
            ['spec: Required value: must specify a volume type'],
        ],
        [
            'a limit below its minimum',
            'limitranges',
            '',
            { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
            [
                'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
                'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
                'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
            ],
        ],
        [
            'endpoints at a loopback address',
            'endpoints',
            '',
            { subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }] }] },
            [
                'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            ],
        ],
        [
            'a lease of no time',
            'leases',
            'coordination.k8s.io',
            { spec: { leaseDurationSeconds: 0 } },
            ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
        ],
        [
            'a priority of the system',
            'priorityclasses',
            'scheduling.k8s.io',
            { value: 2_000_000_000 },
            ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
        ],
        [
            'a policy for no peer',
            'networkpolicies',
            'networking.k8s.io',
            { spec: { podSelector: {}, ingress: [{ from: [{}] }] } },
            ['spec.ingress[0].from[0]: Required value: must specify a peer'],
        ],
    ])('%s', (_name, plural, group, rest, expected) => {
        expect(createErrors(strategyOf(plural, group), named(rest))).toEqual(expected);
    });

    it('another role for a binding', () => {
        const errors = updateErrors(
            strategyOf('rolebindings', rbac),
            named({ roleRef }),
            (copy: { roleRef: object }) => {
                copy.roleRef = { ...roleRef, name: 'other' };
            },
        );
        expect(errors).toEqual([
            'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"other"}: cannot change roleRef',
        ]);
    });
});

describe('defaults', () => {
    it.each<[string, string, object, object]>([
        [
            'networkpolicies',
            'networking.k8s.io',
            { spec: { podSelector: {}, egress: [{}] } },
            { spec: { policyTypes: ['Ingress', 'Egress'] } },
        ],
        [
            'storageclasses',
            'storage.k8s.io',
            { provisioner: 'p' },
            { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
        ],
        ['priorityclasses', 'scheduling.k8s.io', { value: 1 }, { preemptionPolicy: 'PreemptLowerPriority' }],
        [
            'persistentvolumeclaims',
            '',
            { spec: {} },
            { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
        ],
        [
            'rolebindings',
            rbac,
            { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }] },
            { roleRef, subjects: [{ kind: 'User', name: 'u', apiGroup: rbac }] },
        ],
        [
            'limitranges',
            '',
            { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
            { spec: { limits: [{ default: { cpu: '1' }, defaultRequest: { cpu: '1' } }] } },
        ],
    ])('of %s', (plural, group, rest, expected) => {
        expect(prepared(strategyOf(plural, group), named(rest))).toMatchObject(expected);
    });
});
