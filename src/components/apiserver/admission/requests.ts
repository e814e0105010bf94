import type { V1Pod } from '../../../api/meta/object.ts';
import type { AdmissionRequest } from '../admission.ts';

type Operation = AdmissionRequest['operation'];

/** Whether a request is for a resource itself ("pods", "ingressclasses.networking.k8s.io") by one of these operations. */
export function isFor(request: AdmissionRequest, resource: string, ...operations: Operation[]): boolean {
    const { group, plural } = request.definition;
    const name = group === '' ? plural : `${plural}.${group}`;
    return name === resource && request.subresource === '' && operations.includes(request.operation);
}

export const mirrorPodAnnotation = 'kubernetes.io/config.mirror';

/** True for the API's image of a static pod, which only its kubelet shapes. */
export function isMirrorPod(pod: V1Pod): boolean {
    return pod.metadata?.annotations?.[mirrorPodAnnotation] !== undefined;
}

/** Kinds of objects that a pod names in its spec. */
export function podReferences(pod: V1Pod): {
    secrets: boolean;
    configMaps: boolean;
    claims: boolean;
    tokens: boolean;
} {
    const spec = pod.spec;
    const containers = [
        ...(spec?.initContainers ?? []),
        ...(spec?.containers ?? []),
        ...(spec?.ephemeralContainers ?? []),
    ];
    const env = containers.flatMap((container) => container.env ?? []);
    const envFrom = containers.flatMap((container) => container.envFrom ?? []);
    const volumes = spec?.volumes ?? [];
    const sources = volumes.flatMap((volume) => volume.projected?.sources ?? []);
    return {
        secrets:
            (spec?.imagePullSecrets ?? []).length > 0 ||
            env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) ||
            envFrom.some(({ secretRef }) => secretRef !== undefined) ||
            sources.some(({ secret }) => secret !== undefined) ||
            volumes.some(
                (volume) =>
                    volume.secret !== undefined ||
                    volume.csi?.nodePublishSecretRef !== undefined ||
                    volume.iscsi?.secretRef !== undefined ||
                    volume.rbd?.secretRef !== undefined ||
                    volume.cephfs?.secretRef !== undefined ||
                    volume.flexVolume?.secretRef !== undefined ||
                    volume.scaleIO !== undefined ||
                    volume.storageos?.secretRef !== undefined ||
                    volume.azureFile !== undefined,
            ),
        configMaps:
            env.some(({ valueFrom }) => valueFrom?.configMapKeyRef !== undefined) ||
            envFrom.some(({ configMapRef }) => configMapRef !== undefined) ||
            sources.some(({ configMap }) => configMap !== undefined) ||
            volumes.some(({ configMap }) => configMap !== undefined),
        claims: volumes.some(
            ({ persistentVolumeClaim, ephemeral }) =>
                persistentVolumeClaim !== undefined || ephemeral !== undefined,
        ),
        tokens: sources.some(({ serviceAccountToken }) => serviceAccountToken !== undefined),
    };
}
