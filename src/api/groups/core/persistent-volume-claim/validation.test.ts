import { describe, expect, it } from '@jest/globals';
import { formatFieldError } from '../../../meta/field-error.ts';
import type { V1PersistentVolumeClaim } from '../../../meta/object.ts';
import { createErrors, prepared, strategyOf, updateErrors } from '../../testing.ts';

const claims = strategyOf('persistentvolumeclaims');
type Spec = NonNullable<V1PersistentVolumeClaim['spec']>;

function claim(spec: Partial<Spec> = {}): V1PersistentVolumeClaim & { spec: Spec } {
    return {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', namespace: 'default' },
        spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
            ...spec,
        },
    };
}

const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };
const populator = { apiGroup: 'example.com', kind: 'Backup', name: 'nightly' };

function sources(spec: Partial<Spec>) {
    const { dataSource, dataSourceRef } = prepared(claims, claim(spec)).spec;
    return { dataSource, dataSourceRef };
}

describe('the source of the data of a claim', () => {
    it('is copied from each of the two fields to the other', () => {
        const both = { dataSource: snapshot, dataSourceRef: snapshot };
        expect(sources({ dataSource: snapshot })).toEqual(both);
        expect(sources({ dataSourceRef: snapshot })).toEqual(both);
        expect(sources({ dataSourceRef: populator })).toEqual({
            dataSource: populator,
            dataSourceRef: populator,
        });
    });

    it('is dropped where dataSource alone names neither a claim nor a snapshot', () => {
        expect(sources({ dataSource: populator })).toEqual({});
        expect(sources({ dataSource: { kind: 'VolumeSnapshot', name: 'a' } })).toEqual({});
        expect(sources({ dataSource: { kind: 'PersistentVolumeClaim', name: 'a' } }).dataSourceRef).toEqual({
            kind: 'PersistentVolumeClaim',
            name: 'a',
        });
    });

    it('is dropped where it is in a namespace, which needs a gate that is off', () => {
        expect(sources({ dataSourceRef: { ...snapshot, namespace: 'other' } })).toEqual({});
    });

    it.each([
        [
            { dataSourceRef: { kind: 'Backup', name: 'a' } },
            [
                `spec.dataSource: Invalid value: "Backup": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
                `spec.dataSourceRef: Invalid value: "Backup": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
            ],
        ],
        [
            { dataSource: snapshot, dataSourceRef: populator },
            ['spec: Invalid value: {}: must match dataSourceRef'],
        ],
        [
            { dataSource: { ...snapshot, name: '' }, dataSourceRef: { ...snapshot, name: '' } },
            ['spec.dataSource.name: Required value', 'spec.dataSourceRef.name: Required value'],
        ],
    ])('%j is refused', (spec, errors) => {
        expect(createErrors(claims, claim(spec))).toEqual(errors);
    });

    it('refuses a group that is no domain, but keeps one that is stored', () => {
        const odd = { apiGroup: 'Example', kind: 'Backup', name: 'a' };
        const stored = claim({ dataSourceRef: odd });
        expect(createErrors(claims, stored)).toHaveLength(2);
        const relabelled = updateErrors(claims, stored, (copy: V1PersistentVolumeClaim) => {
            copy.metadata = { ...copy.metadata, labels: { a: 'b' } };
        });
        expect(relabelled).toEqual([]);
    });

    it('may be left out of one field by a client that knows only the other', () => {
        const errors = updateErrors(claims, claim({ dataSource: snapshot }), (copy: { spec: Spec }) => {
            delete copy.spec.dataSourceRef;
        });
        expect(errors).toEqual([]);
    });
});

describe('an update of a claim', () => {
    const specError =
        'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    const path = 'spec.volumeAttributesClassName';

    function bound(spec: Partial<Spec>, change: (spec: Spec) => void): string[] {
        const old = prepared(claims, claim(spec));
        old.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
        const next = structuredClone(old);
        change(next.spec);
        claims.prepareForUpdate?.(next, old, { now: '2026-01-01T00:00:00Z' });
        return (claims.validateUpdate?.(next, old) ?? []).map(formatFieldError);
    }

    it('changes the class of attributes of a bound claim, and never takes it away', () => {
        const spec = { volumeAttributesClassName: 'silver' };
        expect(bound(spec, (next) => (next.volumeAttributesClassName = 'gold'))).toEqual([]);
        expect(bound({}, (next) => (next.volumeAttributesClassName = 'gold'))).toEqual([]);
        expect(bound(spec, (next) => (next.volumeAttributesClassName = ''))).toEqual([
            `${path}: Forbidden: update from non-nil value to an empty string is forbidden`,
        ]);
        expect(bound(spec, (next) => delete next.volumeAttributesClassName)).toEqual([
            specError,
            `${path}: Forbidden: update from non-nil value to nil is forbidden`,
        ]);
        expect(bound({}, (next) => (next.volumeAttributesClassName = 'Not A Name'))[0]).toMatch(
            new RegExp(`^${path}: Invalid value: "Not A Name": a lowercase RFC 1123 subdomain`),
        );
    });

    it('may not change the class before the claim is bound', () => {
        const errors = updateErrors(claims, claim(), (copy: { spec: Spec }) => {
            copy.spec.volumeAttributesClassName = 'gold';
        });
        expect(errors).toEqual([specError]);
    });

    it('moves the storage class from the annotation to the field, and to no other', () => {
        const annotation = 'volume.beta.kubernetes.io/storage-class';
        const old = claim();
        old.metadata = { ...old.metadata, annotations: { [annotation]: 'slow' } };
        const move = (name: string) =>
            updateErrors(claims, old, (copy: V1PersistentVolumeClaim & { spec: Spec }) => {
                copy.spec.storageClassName = name;
                copy.metadata = { name: 'data', namespace: 'default' };
            });
        expect(move('slow')).toEqual([]);
        expect(move('fast')).toEqual([
            `metadata.annotations.${annotation}: Invalid value: "": field is immutable`,
            specError,
        ]);
    });
});

describe('the status of a claim', () => {
    function statusErrors(status: V1PersistentVolumeClaim['status']): string[] {
        const old = prepared(claims, claim());
        return (claims.validateStatusUpdate?.({ ...old, status } as typeof old, old) ?? []).map(
            formatFieldError,
        );
    }

    it('says how far resizing is', () => {
        expect(
            statusErrors({
                phase: 'Bound',
                capacity: { storage: '1Gi' },
                allocatedResources: { storage: '2Gi', 'example.com/iops': '10' },
                allocatedResourceStatuses: { storage: 'NodeResizePending' },
                modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: 'gold' },
            }),
        ).toEqual([]);
    });

    it('is refused with resources that claims do not have, states that there are not, and debts', () => {
        expect(
            statusErrors({
                capacity: { storage: '-1' },
                allocatedResources: { cpu: '1', storage: '-2' },
                allocatedResourceStatuses: { 'kubernetes.io/other': 'NodeResizePending', storage: 'Growing' },
            }),
        ).toEqual([
            'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
            'status.allocatedResourceStatus: Unsupported value: "kubernetes.io/other": supported values: "storage"',
            'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
            'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
            'status.allocatedResources[storage]: Invalid value: -2: must be a valid resource quantity',
        ]);
    });
});
