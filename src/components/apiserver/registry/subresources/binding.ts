import { setCondition } from '../../../../api/meta/conditions.ts';
import { deepClone } from '../../../../api/meta/deep.ts';
import { fieldErrors } from '../../../../api/meta/field-error.ts';
import type { ApiObject, V1Binding, V1Pod, V1Status } from '../../../../api/meta/object.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import { rfc3339 } from '../../../../util/clock.ts';
import type { ApiRequest, ApiResult } from '../../request.ts';
import { Admission, type AdmissionTarget } from '../admit.ts';
import { guardedUpdate } from '../guarded-update.ts';
import { readObject } from '../read-body.ts';
import { type Registry, subjectOf, type Target } from '../registry.ts';
import { writeOptionsOf } from '../write-options.ts';

const expected = { apiVersion: 'v1', kind: 'Binding', type: 'V1Binding' };
const created: V1Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/**
 * POST to pods/binding, or to the legacy bindings collection (`target.name` is empty then): gives the pod
 * its node. 409 when it has one or is being deleted. `admitted` is what admission sees: the resource that was posted to.
 */
export async function bind(
    registry: Registry,
    request: ApiRequest,
    { target, admitted }: { target: Target; admitted: AdmissionTarget },
): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'CreateOptions');
    const binding = (await readObject(request, expected, options.fieldValidation)) as V1Binding;
    const name = target.name === '' ? (binding.metadata?.name ?? '') : target.name;
    const pod = { ...target, name };
    const admission = new Admission(registry, { ...admitted, name }, request, {
        operation: 'CREATE',
        object: binding,
        oldObject: undefined,
        dryRun: options.dryRun,
        body: expected,
    });
    await admission.mutate();
    checkBinding(binding, name);
    await admission.validate();
    const now = rfc3339(registry.clock.nowMs());
    await guardedUpdate(registry, {
        target: pod,
        dryRun: options.dryRun,
        change: (current) => ({
            type: 'put',
            object: assign(pod, { current: current.object, binding, now }),
        }),
    });
    return { type: 'value', status: 201, value: created };
}

function checkBinding({ target, metadata }: Partial<V1Binding>, name: string): void {
    const errors = [];
    const kind = target?.kind ?? '';
    if (kind !== '' && kind !== 'Node') {
        errors.push(fieldErrors.notSupported('target.kind', kind, ['Node', '<empty>']));
    }
    if (!target?.name) errors.push(fieldErrors.required('target.name', ''));
    if (errors.length > 0) throw statusErrors.invalid('Binding', '', metadata?.name ?? '', errors);
    if (metadata?.name && metadata.name !== name) {
        throw statusErrors.badRequest('name in URL does not match name in Binding object');
    }
}

function assign(
    target: Target,
    { current, binding, now }: { current: ApiObject; binding: V1Binding; now: string },
): V1Pod {
    const pod = deepClone(current) as V1Pod;
    const { uid, resourceVersion } = binding.metadata ?? {};
    if (uid && uid !== pod.metadata?.uid) {
        throw statusErrors.conflict(
            subjectOf(target),
            `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata?.uid ?? ''}`,
        );
    }
    if (resourceVersion && resourceVersion !== pod.metadata?.resourceVersion) {
        throw statusErrors.conflict(subjectOf(target));
    }
    if (pod.metadata?.deletionTimestamp !== undefined) {
        throw statusErrors.conflict(
            subjectOf(target),
            `pod ${target.name} is being deleted, cannot be assigned to a host`,
        );
    }
    if (pod.spec === undefined) throw statusErrors.internal(new Error('the pod has no spec'));
    if (pod.spec.nodeName) {
        throw statusErrors.conflict(
            subjectOf(target),
            `pod ${target.name} is already assigned to node "${pod.spec.nodeName}"`,
        );
    }
    if ((pod.spec.schedulingGates?.length ?? 0) > 0) {
        throw statusErrors.conflict(
            subjectOf(target),
            `pod ${target.name} has non-empty .spec.schedulingGates`,
        );
    }
    pod.spec.nodeName = binding.target.name;
    const { annotations, labels } = binding.metadata ?? {};
    const metadata = (pod.metadata ??= {});
    if (annotations !== undefined) metadata.annotations = { ...metadata.annotations, ...annotations };
    if (labels !== undefined) metadata.labels = { ...metadata.labels, ...labels };
    const conditions = setCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'True' }, now);
    pod.status = { ...pod.status, conditions };
    return pod;
}
