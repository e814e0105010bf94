import type { V1Pod, V1VolumeProjection } from '../../../api/meta/object.ts';
import { allContainersOf } from '../pod/pod.ts';

export interface ObjectReference {
    kind: 'ConfigMap' | 'Secret';
    name: string;
}

/** ConfigMaps and Secrets that the pod's volumes, variables and pull secrets name. */
export function referencedObjects(pod: V1Pod): ObjectReference[] {
    const found: ObjectReference[] = [];
    const add = (kind: ObjectReference['kind'], name: string | undefined) => {
        if (name) found.push({ kind, name });
    };
    for (const volume of pod.spec?.volumes ?? []) {
        add('ConfigMap', volume.configMap?.name);
        add('Secret', volume.secret?.secretName);
        for (const source of volume.projected?.sources ?? []) addProjection(source, add);
    }
    for (const container of allContainersOf(pod)) {
        for (const { configMapRef, secretRef } of container.envFrom ?? []) {
            add('ConfigMap', configMapRef?.name);
            add('Secret', secretRef?.name);
        }
        for (const { valueFrom } of container.env ?? []) {
            add('ConfigMap', valueFrom?.configMapKeyRef?.name);
            add('Secret', valueFrom?.secretKeyRef?.name);
        }
    }
    for (const { name } of pod.spec?.imagePullSecrets ?? []) add('Secret', name);
    return found;
}

function addProjection(
    { configMap, secret }: V1VolumeProjection,
    add: (kind: ObjectReference['kind'], name: string | undefined) => void,
): void {
    add('ConfigMap', configMap?.name);
    add('Secret', secret?.name);
}
