import type {
    V1ConfigMap,
    V1PersistentVolume,
    V1PersistentVolumeClaim,
    V1Secret,
} from '../../../api/meta/object.ts';

/** Objects that pods refer to. Each resolves with undefined when there is none. */
export interface ObjectSource {
    configMap(namespace: string, name: string): Promise<V1ConfigMap | undefined>;
    secret(namespace: string, name: string): Promise<V1Secret | undefined>;
    persistentVolumeClaim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined>;
    persistentVolume(name: string): Promise<V1PersistentVolume | undefined>;
}

/** A kubelet without API server has none of them. */
export const noObjects: ObjectSource = {
    configMap: async () => await Promise.resolve(undefined),
    secret: async () => await Promise.resolve(undefined),
    persistentVolumeClaim: async () => await Promise.resolve(undefined),
    persistentVolume: async () => await Promise.resolve(undefined),
};
