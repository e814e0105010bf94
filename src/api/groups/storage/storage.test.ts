import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../meta/field-error.ts';
import type { ApiObject } from '../../meta/object.ts';
import { createErrors, prepared, strategyOf, updateErrors } from '../testing.ts';

const group = 'storage.k8s.io';

/** What an object of a resource is refused for, and an update of it. */
function rules(plural: string) {
    const strategy = strategyOf(plural, group);
    const make = (fields: object): ApiObject => ({ metadata: { name: 'a' }, ...fields });
    return {
        strategy,
        make,
        created: (fields: object) => createErrors(strategy, make(fields)),
        updated: (fields: object, change: object) =>
            updateErrors(strategy, make(fields), (copy: object) => Object.assign(copy, change)),
    };
}

describe('storage classes', () => {
    const { created, updated } = rules('storageclasses');
    const provisioner = 'Example.com/Disk';
    const term = (...values: string[]) => ({ matchLabelExpressions: [{ key: 'zone', values }] });

    it('name a provisioner, with parameters in bounds', () => {
        expect(created({ provisioner, parameters: { type: 'ssd' }, mountOptions: ['ro'] })).toEqual([]);
        expect(created({})).toEqual(['provisioner: Required value']);
        expect(created({ provisioner: 'a b' })[0]).toMatch(
            /^provisioner: Invalid value: "a b": name part must/,
        );
        expect(created({ provisioner, parameters: { '': 'x' } })).toEqual([
            'parameters: Invalid value: "": field can not be empty.',
        ]);
        expect(created({ provisioner, parameters: { a: 'x'.repeat(262_144) } })).toEqual([
            'parameters: Too long: may not be more than 262144 bytes',
        ]);
        const many = Object.fromEntries(Array.from({ length: 513 }, (_, index) => [`k${index}`, '']));
        expect(created({ provisioner, parameters: many })).toEqual([
            'parameters: Too long: may not be more than 512 bytes',
        ]);
    });

    it('allow topologies that differ', () => {
        expect(created({ provisioner, allowedTopologies: [term('a', 'b'), term('c')] })).toEqual([]);
        expect(
            created({
                provisioner,
                allowedTopologies: [
                    term('a', 'b'),
                    term('b', 'a'),
                    term('c', 'c'),
                    {
                        matchLabelExpressions: [
                            { key: 'k', values: [] },
                            { key: 'k', values: ['a'] },
                        ],
                    },
                    {},
                ],
            }),
        ).toEqual([
            'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
            'allowedTopologies[2].matchLabelExpressions[0].values[1]: Duplicate value: "c"',
            'allowedTopologies[3].matchLabelExpressions[0].values: Required value',
            'allowedTopologies[3].matchLabelExpressions[1].key: Duplicate value: "k"',
            'allowedTopologies[4].matchLabelExpressions: Duplicate value: ""',
        ]);
    });

    it('keep what volumes were made with', () => {
        const change = {
            provisioner: 'other',
            parameters: { a: 'b' },
            reclaimPolicy: 'Retain',
            volumeBindingMode: 'WaitForFirstConsumer',
            allowVolumeExpansion: true,
        };
        expect(updated({ provisioner }, change)).toEqual([
            'parameters: Forbidden: updates to parameters are forbidden.',
            'provisioner: Forbidden: updates to provisioner are forbidden.',
            'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
            'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
        ]);
        expect(updated({ provisioner }, { allowVolumeExpansion: true, mountOptions: ['ro'] })).toEqual([]);
    });
});

describe('CSI drivers', () => {
    const { created, updated } = rules('csidrivers');

    it('say how they want to be called', () => {
        const spec = {
            fsGroupPolicy: 'File',
            volumeLifecycleModes: ['Persistent', 'Ephemeral'],
            tokenRequests: [{ audience: '' }, { audience: 'vault', expirationSeconds: 600 }],
            serviceAccountTokenInSecrets: true,
            nodeAllocatableUpdatePeriodSeconds: 10,
        };
        expect(created({ spec })).toEqual([]);
        expect(created({})).toEqual([]);
        expect(
            created({
                spec: {
                    fsGroupPolicy: 'Always',
                    volumeLifecycleModes: ['Forever'],
                    tokenRequests: [
                        { audience: 'a', expirationSeconds: 599 },
                        { audience: 'a' },
                        { audience: 'b', expirationSeconds: 2 ** 32 + 1 },
                    ],
                    nodeAllocatableUpdatePeriodSeconds: 9,
                },
            }),
        ).toEqual([
            'spec.fsGroupPolicy: Unsupported value: "Always": supported values: "File", "None", "ReadWriteOnceWithFSType"',
            'spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
            'spec.tokenRequests[1].audience: Duplicate value: "a"',
            'spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
            'spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"',
            'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
        ]);
        expect(created({ spec: { serviceAccountTokenInSecrets: false } })).toEqual([
            'spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
        ]);
    });

    it('keep whether they attach, and for which volumes they are', () => {
        expect(
            updated(
                {},
                {
                    spec: {
                        attachRequired: false,
                        volumeLifecycleModes: ['Ephemeral'],
                        requiresRepublish: true,
                    },
                },
            ),
        ).toEqual([
            'spec.attachedRequired: Invalid value: false: field is immutable',
            'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
        ]);
    });
});

describe('CSI nodes', () => {
    const { created, updated } = rules('csinodes');
    const driver = {
        name: 'disk.example.com',
        nodeID: 'n1',
        topologyKeys: ['zone'],
        allocatable: { count: 3 },
    };
    const spec = (...drivers: object[]) => ({ spec: { drivers } });

    it('list each driver once, with an identity', () => {
        expect(created(spec(driver))).toEqual([]);
        expect(created(spec({ name: 'a', nodeID: 'n'.repeat(257) }))).toEqual([
            `spec.drivers[0].nodeID: Invalid value: "${'n'.repeat(257)}": must be 256 characters or less`,
        ]);
        expect(
            created(
                spec(driver, { ...driver, nodeID: '', topologyKeys: ['a', 'a'], allocatable: { count: -1 } }),
            ),
        ).toEqual([
            'spec.drivers[1].nodeID: Required value',
            'spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
            'spec.drivers[1]: Duplicate value: "a"',
            'spec.drivers[1].name: Duplicate value: "disk.example.com"',
        ]);
    });

    it('keep what a driver said, but for its limit', () => {
        const fuller = { ...driver, allocatable: { count: 2 } };
        expect(updated(spec(driver), spec(fuller, { name: 'b', nodeID: 'n1' }))).toEqual([]);
        expect(updated(spec(driver), spec())).toEqual([]);
        expect(updated(spec(driver), spec({ ...driver, nodeID: 'n2' }))).toEqual([
            'spec.drivers: Invalid value: {"name":"disk.example.com","nodeID":"n2","topologyKeys":["zone"]}: field is immutable',
        ]);
    });
});

describe('CSI storage capacities', () => {
    const { created, updated } = rules('csistoragecapacities');
    const fields = {
        storageClassName: 'fast',
        nodeTopology: { matchLabels: { zone: 'a' } },
        capacity: '1Gi',
    };

    it('say how much there is, of which class and where', () => {
        expect(created(fields)).toEqual([]);
        expect(created({ ...fields, capacity: '-1' })).toEqual([
            'capacity: Invalid value: "-1": must be greater than or equal to 0',
        ]);
        expect(created({})[0]).toMatch(
            /^storageClassName: Invalid value: "": a lowercase RFC 1123 subdomain/,
        );
        expect(updated(fields, { capacity: '2Gi' })).toEqual([]);
        expect(updated(fields, { storageClassName: 'slow', nodeTopology: {} })).toEqual([
            'nodeTopology: Invalid value: {}: field is immutable',
            'storageClassName: Invalid value: "slow": field is immutable',
        ]);
    });
});

describe('volume attachments', () => {
    const { created, strategy, make } = rules('volumeattachments');
    const csi = { driver: 'disk.example.com', volumeHandle: 'v' };
    const spec = { attacher: 'disk.example.com', nodeName: 'n1' };

    it('are of a volume, or of one that stands in them', () => {
        const inline = { accessModes: ['ReadWriteOnce'], csi };
        expect(created({ spec: { ...spec, source: { persistentVolumeName: 'a' } } })).toEqual([]);
        expect(created({ spec: { ...spec, source: { inlineVolumeSpec: inline } } })).toEqual([]);
        expect(
            created({
                spec: {
                    ...spec,
                    source: {
                        inlineVolumeSpec: {
                            accessModes: ['ReadWriteOnce'],
                            capacity: { storage: '1' },
                            hostPath: { path: '/a' },
                            persistentVolumeReclaimPolicy: 'Delete',
                        },
                    },
                },
            }).map((error) => error.replace('spec.source.inlineVolumeSpec', '*')),
        ).toEqual([
            '*.capacity: Forbidden: may not be specified in the context of inline volumes',
            '*.csi: Required value: has to be specified in the context of inline volumes',
            '*.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
        ]);
        expect(created({ spec: { ...spec, attacher: 'a_b', source: { persistentVolumeName: '' } } })).toEqual(
            [
                'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
                expect.stringMatching(
                    /^spec\.attacher: Invalid value: "a_b": a lowercase RFC 1123 subdomain/,
                ),
            ],
        );
    });

    it('have a status of bounded size', () => {
        const old = prepared(strategy, make({ spec: { ...spec, source: { persistentVolumeName: 'a' } } }));
        const errors = (status: object) =>
            (strategy.validateStatusUpdate?.({ ...old, status } as ApiObject, old) ?? []).map(
                formatFieldError,
            );
        expect(
            errors({ attached: true, attachmentMetadata: { a: 'b' }, attachError: { message: 'm' } }),
        ).toEqual([]);
        expect(
            errors({
                attachmentMetadata: { a: 'x'.repeat(262_144) },
                attachError: { message: 'x'.repeat(1025) },
                detachError: { errorCode: -1 },
            }),
        ).toEqual([
            'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
            'status.attachError.message: Too long: may not be more than 262144 bytes',
            'status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        ]);
    });
});

describe('volume attributes classes', () => {
    const { created, updated } = rules('volumeattributesclasses');

    it('have parameters for a driver, and keep both', () => {
        const fields = { driverName: 'disk.example.com', parameters: { iops: '100' } };
        expect(created(fields)).toEqual([]);
        expect(created({ driverName: 'a/b/c' })).toEqual([
            expect.stringMatching(/^driverName: Invalid value: "a\/b\/c": a qualified name/),
            'parameters: Required value: must contain at least one key/value pair',
        ]);
        expect(updated(fields, { driverName: 'b', parameters: { iops: '200' } })).toEqual([
            'driverName: Forbidden: updates to driverName are forbidden.',
            'parameters: Forbidden: updates to parameters are forbidden.',
        ]);
    });
});
