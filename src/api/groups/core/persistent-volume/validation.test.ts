import { describe, expect, it } from '@jest/globals';
import type { V1PersistentVolume, V1PersistentVolumeSpec } from '../../../meta/object.ts';
import { createErrors, prepared, strategyOf, updateErrors } from '../../testing.ts';

const volumes = strategyOf('persistentvolumes');
type Spec = V1PersistentVolumeSpec;

function volume(spec: object): V1PersistentVolume & { spec: Spec } {
    return {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'disk' },
        spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
    };
}

const csi = { driver: 'disk.example.com', volumeHandle: 'vol-1' };
const hostPath = { path: '/data' };
const zone = (key: string, value = 'a') => ({
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] },
});

describe('a PersistentVolume', () => {
    it.each<[string, object]>([
        ['csi', { csi: { ...csi, nodePublishSecretRef: { name: 'a', namespace: 'b' } } }],
        ['a class', { csi, storageClassName: 'fast', volumeAttributesClassName: 'gold' }],
        ['cinder', { cinder: { volumeID: 'a', secretRef: { name: 'b', namespace: 'c' } } }],
        ['azureFile', { azureFile: { secretName: 'a', shareName: 'b', secretNamespace: 'c' } }],
        ['glusterfs', { glusterfs: { endpoints: 'a', path: 'b', endpointsNamespace: 'c' } }],
        ['local', { local: { path: '/a' }, nodeAffinity: zone('kubernetes.io/hostname') }],
    ])('with %s is accepted', (_name, spec) => {
        expect(createErrors(volumes, volume(spec))).toEqual([]);
    });

    it.each<[object, string[]]>([
        [
            { hostPath, capacity: {} },
            [
                'spec.capacity: Required value',
                'spec.capacity: Unsupported value: {}: supported values: "storage"',
            ],
        ],
        [
            { hostPath, capacity: { storage: '-1' } },
            [
                'spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
                'spec.capacity[storage]: Invalid value: "-1": must be greater than zero',
            ],
        ],
        [
            { hostPath, volumeAttributesClassName: '' },
            [
                'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
                'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
            ],
        ],
        [
            { hostPath, csi, nfs: {} },
            [
                'spec.nfs: Forbidden: may not specify more than 1 volume type',
                'spec.csi: Forbidden: may not specify more than 1 volume type',
            ],
        ],
        [
            { hostPath, nodeAffinity: {} },
            ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
        ],
        [
            { csi: { ...csi, controllerExpandSecretRef: { name: 'a' } } },
            ['spec.csi.controllerExpandSecretRef.namespace: Required value'],
        ],
        [
            { cinder: { secretRef: { name: 'a' } } },
            ['spec.cinder.volumeID: Required value', 'spec.cinder.secretRef.namespace: Required value'],
        ],
        [
            { glusterfs: { endpoints: 'a', path: 'b', endpointsNamespace: '' } },
            [
                'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
            ],
        ],
        [
            { azureFile: { secretName: 'a', shareName: 'b', secretNamespace: '' } },
            ['spec.azureFile.secretNamespace: Required value'],
        ],
        [
            { local: { path: '/a/../b' } },
            [
                `spec.local.path: Invalid value: "/a/../b": must not contain '..'`,
                'spec.nodeAffinity: Required value: Local volume requires node affinity',
            ],
        ],
        [
            { hostPath: { path: '//' }, persistentVolumeReclaimPolicy: 'Recycle' },
            [
                `spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'`,
            ],
        ],
        [
            {
                iscsi: {
                    targetPortal: 'p'.repeat(60),
                    iqn: 'x',
                    lun: 0,
                    initiatorName: 'iqn.2001-04.a:b',
                    secretRef: {},
                },
            },
            [
                `spec.iscsi.targetportal: Invalid value: "${'p'.repeat(60)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
                'spec.iscsi.iqn: Invalid value: "x": must be valid format',
                'spec.iscsi.secretRef.name: Required value',
            ],
        ],
    ])('%j is refused', (spec, errors) => {
        expect(createErrors(volumes, volume(spec))).toEqual(errors);
    });

    it('has a class with the name of an object', () => {
        expect(createErrors(volumes, volume({ hostPath, storageClassName: 'Fast_1' }))).toEqual([
            expect.stringMatching(
                /^spec\.storageClassName: Invalid value: "Fast_1": a lowercase RFC 1123 subdomain/,
            ),
        ]);
    });
});

describe('an update of a PersistentVolume', () => {
    it('may add the secret for expanding, and change nothing else of the source', () => {
        const secret = { name: 'a', namespace: 'b' };
        const change = (field: 'controllerExpandSecretRef' | 'nodeExpandSecretRef') =>
            updateErrors(volumes, volume({ csi }), (copy: { spec: Spec }) => {
                copy.spec.csi = { ...csi, [field]: secret };
            });
        expect(change('controllerExpandSecretRef')).toEqual([]);
        expect(change('nodeExpandSecretRef')).toEqual([
            'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
        ]);
    });

    it('may give labels of nodes their stable names, and no other values', () => {
        const old = volume({ hostPath, nodeAffinity: zone('failure-domain.beta.kubernetes.io/zone') });
        const change = (nodeAffinity: Spec['nodeAffinity']) =>
            updateErrors(volumes, old, (copy: { spec: Spec }) => {
                copy.spec.nodeAffinity = nodeAffinity;
            });
        expect(change(zone('topology.kubernetes.io/zone'))).toEqual([]);
        expect(change(zone('topology.kubernetes.io/zone', 'b'))).toEqual([
            expect.stringMatching(/^nodeAffinity: Invalid value: .*: field is immutable$/),
        ]);
    });

    it('may change the class of attributes, but not take it away', () => {
        const old = volume({ csi, volumeAttributesClassName: 'silver' });
        const change = (name: string | undefined) =>
            updateErrors(volumes, old, (copy: { spec: Spec }) => {
                copy.spec.volumeAttributesClassName = name;
            });
        expect(change('gold')).toEqual([]);
        expect(change(undefined)).toEqual([
            'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
        ]);
    });

    it('stamps the time of a new phase', () => {
        const old = prepared(volumes, volume({ hostPath }));
        expect(old.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: '2026-01-02T03:04:05Z' });
        const later = { now: '2026-02-02T03:04:05Z', subresource: 'status' };
        const write = (status: V1PersistentVolume['status']) => {
            const copy = { ...structuredClone(old), status };
            volumes.prepareForUpdate?.(copy, old, later);
            return copy.status;
        };
        expect(write({ ...old.status, phase: 'Available' })?.lastPhaseTransitionTime).toBe(later.now);
        expect(write({ phase: 'Pending' })).toEqual(old.status);
    });
});
