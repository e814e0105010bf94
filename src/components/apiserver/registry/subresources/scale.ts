import { ageColumn, integerColumn, nameColumn } from '../../../../api/groups/columns.ts';
import type { Column, ScalePaths } from '../../../../api/groups/resource.ts';
import { deepClone, defineOwn } from '../../../../api/meta/deep.ts';
import { fieldErrors } from '../../../../api/meta/field-error.ts';
import {
    type ApiObject,
    apiVersionOf,
    type V1LabelSelector,
    type V1Scale,
} from '../../../../api/meta/object.ts';
import { formatLabelSelector } from '../../../../api/meta/selectors.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { ApiRequest, ApiResult } from '../../request.ts';
import type { StoredObject } from '../../stored-object.ts';
import { checkConfiguration, isApply, readConfiguration } from '../apply.ts';
import { applied, schemaOfType } from '../managed-fields.ts';
import { patchTypeOf, readPatch } from '../patch-document.ts';
import { decodePatched } from '../patched-object.ts';
import { readObject } from '../read-body.ts';
import type { AdmissionView } from '../finish-update.ts';
import { cached, type Registry, subjectOf, type Target } from '../registry.ts';
import { updateObject } from '../update.ts';
import { applyOptionsOf, type WriteOptions, writeOptionsOf } from '../write-options.ts';

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const expected = { apiVersion: 'autoscaling/v1', kind: 'Scale', type: 'V1Scale' };

const columns: readonly Column<V1Scale & ApiObject>[] = [
    nameColumn,
    integerColumn('Desired', ({ spec }) => spec?.replicas),
    integerColumn('Available', ({ status }) => status?.replicas),
    ageColumn,
];

function scaleResult(value: V1Scale): ApiResult {
    return { type: 'value', status: 200, value, columns };
}

/** What Deployments, ReplicaSets, StatefulSets and ReplicationControllers have in common. */
type Scalable = ApiObject & {
    spec?: { replicas?: number; selector?: V1LabelSelector | Record<string, string> };
    status?: { replicas?: number };
};

export async function getScale(registry: Registry, _request: ApiRequest, target: Target): Promise<ApiResult> {
    await registry.caches.fresh();
    return scaleResult(scaleOf(await cached(target), target));
}

export async function updateScale(
    registry: Registry,
    request: ApiRequest,
    target: Target,
): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'UpdateOptions');
    const scale = (await readObject(request, expected, options.fieldValidation)) as V1Scale;
    return await write(registry, request, { target, options, scaleFrom: () => scale });
}

export async function patchScale(
    registry: Registry,
    request: ApiRequest,
    target: Target,
): Promise<ApiResult> {
    if (await isApply(request)) return await applyScale(registry, request, target);
    const type = await patchTypeOf(request, expected.type);
    const options = writeOptionsOf(request, 'PatchOptions');
    const document = await readPatch(request, { type, typeName: expected.type, ...options });
    return await write(registry, request, {
        target,
        options,
        scaleFrom: (current) => {
            const { fieldValidation } = options;
            return decodePatched(request, document, {
                value: document.apply(current),
                expected,
                fieldValidation,
            });
        },
    });
}

/** Server-side apply of a Scale: who applies `spec.replicas` owns it in the object itself. */
async function applyScale(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = applyOptionsOf(request);
    const configuration: V1Scale = await readConfiguration(request, options.fieldValidation);
    const { definition } = target;
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        isApplied: true,
        admitAs: scaleView(target),
        next: (current) => {
            checkConfiguration(configuration, scaleKind, target, schemaOfType(expected.type));
            check(configuration, target);
            const { replicas } = configuration.spec ?? {};
            const wanted: Scalable = { kind: definition.kind, apiVersion: apiVersionOf(definition) };
            if (replicas !== undefined) setReplicas(wanted, replicas, target);
            const next = applied(registry, target, {
                live: current.object,
                applied: wanted,
                manager: options.fieldManager,
                force: options.force,
                conflictVersion: expected.apiVersion,
            }) as Scalable;
            const { managedFields, ...metadata } = next.metadata ?? {};
            const object: Scalable = deepClone({ ...next, metadata });
            if (pathsOf(target) === undefined)
                object.spec = { ...object.spec, replicas: object.spec?.replicas ?? 0 };
            if (managedFields !== undefined) object.metadata = { ...object.metadata, managedFields };
            return object;
        },
    });
    return scaleResult(scaleOf(outcome.object, target));
}

interface ScaleWrite {
    target: Target;
    options: WriteOptions;
    scaleFrom: (current: V1Scale) => V1Scale;
}

async function write(
    registry: Registry,
    request: ApiRequest,
    { target, options, scaleFrom }: ScaleWrite,
): Promise<ApiResult> {
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        admitAs: scaleView(target),
        next: (current) => {
            const scale = scaleFrom(scaleOf(current, target));
            check(scale, target);
            const next = deepClone(current.object) as Scalable;
            setReplicas(next, scale.spec?.replicas ?? 0, target);
            if (scale.metadata?.resourceVersion !== undefined) {
                next.metadata = { ...next.metadata, resourceVersion: scale.metadata.resourceVersion };
            }
            if (scale.metadata?.uid) next.metadata = { ...next.metadata, uid: scale.metadata.uid };
            return next;
        },
    });
    return scaleResult(scaleOf(outcome.object, target));
}

function check({ metadata, spec }: V1Scale, target: Target): void {
    if (metadata?.name && metadata.name !== target.name) {
        throw statusErrors.badRequest(
            `the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`,
        );
    }
    const replicas = spec?.replicas ?? 0;
    if (replicas < 0) {
        throw statusErrors.invalid('Scale', 'autoscaling', subjectOf(target).name ?? '', [
            fieldErrors.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
        ]);
    }
}

/** Clients write a Scale: that is also what admission is shown. */
function scaleView(target: Target): AdmissionView {
    return {
        body: expected,
        show: (object) => scaleOfObject(object, target),
        take: (object: Scalable, scale: V1Scale) => {
            setReplicas(object, scale.spec?.replicas ?? 0, target);
        },
    };
}

function setReplicas(next: Scalable, replicas: number, target: Target): void {
    const paths = pathsOf(target);
    if (paths === undefined) next.spec = { ...next.spec, replicas };
    else setAt(next, paths.specReplicas, replicas);
}

function pathsOf({ definition }: Target): ScalePaths | undefined {
    return definition.subresources.scale?.scalePaths;
}

function at(object: unknown, path: readonly string[]): unknown {
    let value = object;
    for (const field of path) {
        const isMap = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
        value = isMap ? (value as Record<string, unknown>)[field] : undefined;
    }
    return value;
}

function setAt(object: object, path: readonly string[], value: unknown): void {
    let parent = object as Record<string, unknown>;
    for (const field of path.slice(0, -1)) {
        const member = parent[field];
        const isMap = typeof member === 'object' && member !== null && Object.hasOwn(parent, field);
        if (!isMap) defineOwn(parent, field, {});
        parent = parent[field] as Record<string, unknown>;
    }
    defineOwn(parent, path.at(-1) ?? '', value);
}

/** A custom resource keeps its numbers wherever its definition says, and its selector as text. */
function customScaleOf(object: ApiObject, paths: ScalePaths): V1Scale {
    const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
    const replicas = at(object, paths.specReplicas);
    if (typeof replicas !== 'number') {
        const field = `.${paths.specReplicas.join('.')}`;
        throw statusErrors.internal(new Error(`the spec replicas field "${field}" does not exist`));
    }
    const current = at(object, paths.statusReplicas);
    const selector = paths.labelSelector === undefined ? undefined : at(object, paths.labelSelector);
    return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: { replicas },
        status: {
            replicas: typeof current === 'number' ? current : 0,
            ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
        },
    };
}

function scaleOf({ object }: StoredObject, target: Target): V1Scale {
    return scaleOfObject(object, target);
}

function scaleOfObject(object: ApiObject, target: Target): V1Scale {
    const paths = pathsOf(target);
    if (paths !== undefined) return customScaleOf(object, paths);
    const { spec = {}, status = {}, metadata = {} } = object as Scalable;
    const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
    const selector = selectorText(spec.selector);
    return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: spec.replicas === undefined ? {} : { replicas: spec.replicas },
        status: { replicas: status.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
    };
}

/** Replication controllers have a plain set of labels, the others a label selector. */
function selectorText(selector: V1LabelSelector | Record<string, string> | undefined): string {
    if (selector === undefined) return '';
    const isLabelSelector = Object.values(selector).some((value) => typeof value === 'object');
    const text = formatLabelSelector(
        isLabelSelector ? selector : { matchLabels: selector as Record<string, string> },
    );
    return text === '<none>' ? '' : text;
}
