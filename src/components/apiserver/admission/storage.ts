import type { ApiObject, Stored, V1PersistentVolumeClaim, V1StorageClass } from '../../../api/meta/object.ts';
import { compareQuantity } from '../../../api/meta/quantity.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { isFor } from './requests.ts';

const storageClasses = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
const finalizers: Record<string, string> = {
    persistentvolumes: 'kubernetes.io/pv-protection',
    persistentvolumeclaims: 'kubernetes.io/pvc-protection',
    volumeattributesclasses: 'kubernetes.io/vac-protection',
};
const defaultAnnotations = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
];

/** Keeps volumes, claims and classes that are in use from going; controllers take the finalizers off. */
export function storageObjectInUseProtection(): AdmissionPlugin {
    return {
        name: 'StorageObjectInUseProtection',
        handles: (request) =>
            isFor(request, 'persistentvolumes', 'CREATE') ||
            isFor(request, 'persistentvolumeclaims', 'CREATE') ||
            isFor(request, 'volumeattributesclasses.storage.k8s.io', 'CREATE'),
        mutate({ object, definition }) {
            const finalizer = finalizers[definition.plural];
            const present = object?.metadata?.finalizers ?? [];
            if (object === undefined || finalizer === undefined || present.includes(finalizer)) return;
            object.metadata = { ...object.metadata, finalizers: [...present, finalizer] };
        },
    };
}

/** Claims that name no class get the default one. */
export function defaultStorageClass({ reader }: PluginContext): AdmissionPlugin {
    return {
        name: 'DefaultStorageClass',
        handles: (request) => isFor(request, 'persistentvolumeclaims', 'CREATE'),
        mutate({ object }) {
            const { spec, metadata } = object as V1PersistentVolumeClaim;
            const named =
                spec?.storageClassName !== undefined ||
                metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined;
            if (spec === undefined || named) return;
            const chosen = newestDefault(reader.list<V1StorageClass>(storageClasses));
            if (chosen !== undefined) spec.storageClassName = chosen.metadata.name;
        },
    };
}

/** The newest of several defaults; of equally old ones the first by name. */
export function newestDefault<T extends ApiObject>(
    items: readonly Stored<T>[],
    annotations: readonly string[] = defaultAnnotations,
): Stored<T> | undefined {
    const created = ({ metadata }: Stored<T>) => metadata.creationTimestamp ?? '';
    return items
        .filter(({ metadata }) => annotations.some((key) => metadata.annotations?.[key] === 'true'))
        .sort((a, b) => {
            if (created(a) !== created(b)) return created(a) > created(b) ? -1 : 1;
            return a.metadata.name < b.metadata.name ? -1 : 1;
        })[0];
}

/** Claims grow only where their class can do that. */
export function persistentVolumeClaimResize({ reader }: PluginContext): AdmissionPlugin {
    return {
        name: 'PersistentVolumeClaimResize',
        handles: (request) => isFor(request, 'persistentvolumeclaims', 'UPDATE'),
        validate(request) {
            const claim = request.object as V1PersistentVolumeClaim;
            const old = request.oldObject as V1PersistentVolumeClaim;
            const size = claim.spec?.resources?.requests?.storage ?? '0';
            const oldSize = old.spec?.resources?.requests?.storage ?? '0';
            if (compareQuantity(size, oldSize) <= 0) return;
            if (old.status?.phase !== 'Bound') {
                throw forbidden(request, 'Only bound persistent volume claims can be expanded');
            }
            const name = old.spec?.storageClassName;
            const storageClass = name ? reader.get<V1StorageClass>(storageClasses, '', name) : undefined;
            if (storageClass?.allowVolumeExpansion !== true) {
                throw forbidden(
                    request,
                    'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
                );
            }
        },
    };
}
