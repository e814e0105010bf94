import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Namespace } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { items } from '../validation/basic.ts';

/** The finalizer that keeps a namespace until it is empty. */
export const kubernetesFinalizer = 'kubernetes';
const nameLabel = 'kubernetes.io/metadata.name';

/** `finalize` alone may change spec.finalizers; everything else keeps them. */
function validateFinalize(namespace: V1Namespace): FieldError[] {
    return items(namespace.spec?.finalizers).flatMap((name, index) =>
        name === kubernetesFinalizer || name.includes('/')
            ? []
            : [
                  fieldErrors.invalid(
                      `spec.finalizers[${index}]`,
                      name,
                      'name is neither a standard finalizer name nor is it fully qualified',
                  ),
              ],
    );
}

function validateStatusUpdate(namespace: V1Namespace): FieldError[] {
    const isDeleted = namespace.metadata?.deletionTimestamp !== undefined;
    const phase = namespace.status?.phase;
    const allowed = isDeleted ? 'Terminating' : 'Active';
    if (phase === undefined || phase === allowed) return [];
    const detail = isDeleted
        ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
        : "may only be 'Active' if `deletionTimestamp` is empty";
    return [fieldErrors.invalid('status.Phase', phase, detail)];
}

export const namespaceStrategy: Strategy<V1Namespace> = {
    nameFormat: 'dnsLabel',
    defaults(namespace) {
        namespace.status ??= {};
        namespace.status.phase ??= 'Active';
        const name = namespace.metadata?.name;
        if (namespace.metadata !== undefined && name) {
            namespace.metadata.labels ??= {};
            namespace.metadata.labels[nameLabel] ??= name;
        }
    },
    prepareForCreate(namespace) {
        namespace.status = { phase: 'Active' };
        namespace.spec ??= {};
        const finalizers = items(namespace.spec.finalizers);
        if (!finalizers.includes(kubernetesFinalizer)) {
            namespace.spec.finalizers = [...finalizers, kubernetesFinalizer];
        }
    },
    prepareForUpdate(namespace, old, { subresource }) {
        if (subresource === undefined) {
            if (old.spec !== undefined) namespace.spec = old.spec;
            if (old.status !== undefined) namespace.status = old.status;
        }
        if (subresource === 'finalize' && old.status !== undefined) namespace.status = old.status;
        const name = namespace.metadata?.name;
        if (namespace.metadata !== undefined && name) {
            namespace.metadata.labels ??= {};
            namespace.metadata.labels[nameLabel] ??= name;
        }
    },
    validate: validateFinalize,
    validateUpdate: validateFinalize,
    validateSubresourceUpdate: validateFinalize,
    validateStatusUpdate,
    selectableFields: (namespace) => ({ 'status.phase': namespace.status?.phase ?? '' }),
    columns: [nameColumn, column('Status', (namespace) => namespace.status?.phase ?? ''), ageColumn],
};
