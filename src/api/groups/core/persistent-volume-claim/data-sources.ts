import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type {
    V1PersistentVolumeClaimSpec,
    V1TypedLocalObjectReference,
    V1TypedObjectReference,
} from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { dnsLabel, dnsSubdomain, isBlank, required } from '../../validation/basic.ts';

type Spec = V1PersistentVolumeClaimSpec;

function isClaimOrSnapshot(source: V1TypedLocalObjectReference | undefined): boolean {
    if (source === undefined) return false;
    const { apiGroup, kind } = source;
    if (kind === 'PersistentVolumeClaim') return isBlank(apiGroup);
    return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

/**
 * Brings the two fields for one source together before a write, as api/persistentvolumeclaim/util.go does:
 * of a request that knows dataSource alone only claims and snapshots count, whatever else it names is
 * dropped; then each field is filled from the other. Other namespaces are behind a gate that is off: a
 * reference into one is dropped too. `old` is the stored spec of an update; what it has already stays.
 */
export function normalizeDataSources(spec: Spec, old: Spec | undefined): void {
    if (!isBlank(spec.dataSourceRef?.namespace) && old?.dataSourceRef === undefined) {
        delete spec.dataSourceRef;
    }
    const isInUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
    if (!isInUse && spec.dataSourceRef === undefined && !isClaimOrSnapshot(spec.dataSource)) {
        delete spec.dataSource;
    }
    fillDataSources(spec);
}

/** Copies the one field to the other that is missing. */
export function fillDataSources(spec: Spec): void {
    const { dataSource, dataSourceRef } = spec;
    if (dataSource !== undefined) spec.dataSourceRef ??= { ...dataSource };
    else if (dataSourceRef !== undefined && isBlank(dataSourceRef.namespace)) {
        const { namespace: _namespace, ...local } = dataSourceRef;
        spec.dataSource = local;
    }
}

export interface DataSourceOptions {
    /** True where a stored object names a group already: it stays, whatever it looks like. */
    acceptsAnyGroup: boolean;
}

export function hasDataSourceGroup({ dataSource, dataSourceRef }: Spec): boolean {
    return dataSource?.apiGroup !== undefined || dataSourceRef?.apiGroup !== undefined;
}

function validateReference(
    { apiGroup, kind, name }: Incomplete<V1TypedLocalObjectReference>,
    path: string,
    { acceptsAnyGroup }: DataSourceOptions,
): FieldError[] {
    const errors = [...required(name, `${path}.name`), ...required(kind, `${path}.kind`)];
    if (isBlank(apiGroup) && kind !== 'PersistentVolumeClaim') {
        const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(fieldErrors.invalid(path, kind ?? '', detail));
    }
    return isBlank(apiGroup) || acceptsAnyGroup
        ? errors
        : [...errors, ...dnsSubdomain(apiGroup, `${path}.apiGroup`)];
}

export function validateDataSources(
    { dataSource, dataSourceRef }: Spec,
    path: string,
    options: DataSourceOptions,
): FieldError[] {
    const errors: FieldError[] = [];
    if (dataSource !== undefined) {
        errors.push(...validateReference(dataSource, `${path}.dataSource`, options));
    }
    if (dataSourceRef === undefined) return errors;
    const { namespace } = dataSourceRef;
    errors.push(...validateReference(dataSourceRef, `${path}.dataSourceRef`, options));
    if (!isBlank(namespace)) errors.push(...dnsLabel(namespace, `${path}.dataSourceRef.namespace`));
    const detail = isBlank(namespace)
        ? 'must match dataSourceRef'
        : 'may not be specified when dataSourceRef.namespace is specified';
    // The value that upstream hands over is a path, which prints as an empty object.
    return dataSource === undefined || (isBlank(namespace) && isSame(dataSource, dataSourceRef))
        ? errors
        : [...errors, fieldErrors.invalid(path, {}, detail)];
}

function isSame(a: V1TypedLocalObjectReference, b: V1TypedObjectReference): boolean {
    return a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;
}
