import type {
    ApiObject,
    V1PersistentVolume,
    V1Pod,
    V1SecretReference,
    V1Volume,
    V1VolumeProjection,
} from '../../../api/meta/object.ts';
import { objectKey } from '../../../api/meta/object.ts';
import { persistentVolumes, pods } from '../../../client/resource-type.ts';
import type { ObjectReader } from '../object-reader.ts';
import { followChanges } from './follow-changes.ts';
import { timed } from './node-graph-metrics.ts';

/** What a node may reach through its pods. */
export type VertexKind =
    'configmap' | 'secret' | 'persistentvolumeclaim' | 'serviceaccount' | 'resourceclaim' | 'pod';

const mirrorPodAnnotation = 'kubernetes.io/config.mirror';
const resourceSlices = { group: 'resource.k8s.io', version: 'v1', resource: 'resourceslices' };
const volumeAttachments = { group: 'storage.k8s.io', version: 'v1', resource: 'volumeattachments' };

interface PodEdges {
    node: string;
    references: readonly string[];
}

/**
 * Which objects the pods of each node refer to. For each reference the nodes are counted, so that a pod
 * that goes takes away only its own share:
 *
 *     pod a on n1 uses secret s   →  "secret/default/s": { n1: 1 }
 *     pod b on n1 uses secret s   →  "secret/default/s": { n1: 2 }
 *     pod a is deleted            →  "secret/default/s": { n1: 1 }
 */
export class NodeGraph {
    readonly #reader: ObjectReader;
    readonly #pods = new Map<string, PodEdges>();
    readonly #nodesOf = new Map<string, Map<string, number>>();
    /** Claims through which a volume's secret is reached, by the secret's key. */
    readonly #claimsOfSecret = new Map<string, Set<string>>();
    readonly #secretsOfVolume = new Map<string, { claim: string; secrets: string[] }>();
    readonly #removers: (() => void)[];

    constructor(reader: ObjectReader) {
        this.#reader = reader;
        this.#removers = [
            followChanges(reader, pods, {
                changed: (pod, deleted) => {
                    this.#updatePod(pod, deleted);
                },
                filled: () => {
                    this.#pods.clear();
                    this.#nodesOf.clear();
                    for (const pod of reader.list<V1Pod>(pods)) this.#updatePod(pod, false);
                },
            }),
            followChanges(reader, persistentVolumes, {
                changed: (volume, deleted) => {
                    timed(deleted ? 'DeletePV' : 'AddPV', () => {
                        this.#updateVolume(volume, deleted);
                    });
                },
                filled: () => {
                    this.#claimsOfSecret.clear();
                    this.#secretsOfVolume.clear();
                    const volumes = reader.list<V1PersistentVolume>(persistentVolumes);
                    for (const volume of volumes) this.#updateVolume(volume, false);
                },
            }),
        ];
    }

    /** True when a pod bound to the node refers to the object, directly or through its claim's volume. */
    reaches(
        node: string,
        kind: VertexKind,
        { namespace, name }: { namespace: string; name: string },
    ): boolean {
        const key = `${namespace}/${name}`;
        if (this.#refers(node, `${kind}/${key}`)) return true;
        if (kind !== 'secret') return false;
        const claims = this.#claimsOfSecret.get(key) ?? [];
        return [...claims].some((claim) => this.#refers(node, `persistentvolumeclaim/${claim}`));
    }

    reachesVolume(node: string, name: string): boolean {
        const volume = this.#reader.get<V1PersistentVolume>(persistentVolumes, '', name);
        const claim = volume?.spec?.claimRef;
        if (claim === undefined) return false;
        return this.#refers(node, `persistentvolumeclaim/${claim.namespace ?? ''}/${claim.name ?? ''}`);
    }

    reachesAttachment(node: string, name: string): boolean {
        const attachment = this.#reader.get<ApiObject & { spec?: { nodeName?: string } }>(
            volumeAttachments,
            '',
            name,
        );
        return attachment?.spec?.nodeName === node;
    }

    /** True when the slice is of devices on the node. */
    reachesSlice(node: string, name: string): boolean {
        const slice = this.#reader.get<ApiObject & { spec?: { nodeName?: string } }>(
            resourceSlices,
            '',
            name,
        );
        return slice?.spec?.nodeName === node;
    }

    stop(): void {
        for (const remove of this.#removers) remove();
    }

    #refers(node: string, reference: string): boolean {
        return this.#nodesOf.get(reference)?.has(node) ?? false;
    }

    #updatePod(pod: V1Pod, deleted: boolean): void {
        const key = objectKey(pod);
        const before = this.#pods.get(key);
        const node = pod.spec?.nodeName ?? '';
        const after = deleted || node === '' ? undefined : { node, references: podReferences(pod) };
        if (before !== undefined && after !== undefined && sameEdges(before, after)) return;
        if (before === undefined && after === undefined) return;
        timed(after === undefined ? 'DeletePod' : 'AddPod', () => {
            if (before !== undefined) this.#count(before, -1);
            if (after !== undefined) this.#count(after, 1);
            if (after === undefined) this.#pods.delete(key);
            else this.#pods.set(key, after);
        });
    }

    #count({ node, references }: PodEdges, change: 1 | -1): void {
        for (const reference of references) {
            const nodes = this.#nodesOf.get(reference) ?? new Map<string, number>();
            const count = (nodes.get(node) ?? 0) + change;
            if (count > 0) nodes.set(node, count);
            else nodes.delete(node);
            if (nodes.size > 0) this.#nodesOf.set(reference, nodes);
            else this.#nodesOf.delete(reference);
        }
    }

    #updateVolume(volume: V1PersistentVolume, deleted: boolean): void {
        const name = volume.metadata?.name ?? '';
        const before = this.#secretsOfVolume.get(name);
        if (before !== undefined) {
            this.#secretsOfVolume.delete(name);
            for (const secret of before.secrets) this.#claimsOfSecret.get(secret)?.delete(before.claim);
        }
        const claimRef = volume.spec?.claimRef;
        const secrets = volumeSecrets(volume);
        if (deleted || claimRef === undefined || secrets.length === 0) return;
        const claim = `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
        this.#secretsOfVolume.set(name, { claim, secrets });
        for (const secret of secrets) {
            this.#claimsOfSecret.set(secret, (this.#claimsOfSecret.get(secret) ?? new Set()).add(claim));
        }
    }
}

function sameEdges(a: PodEdges, b: PodEdges): boolean {
    return (
        a.node === b.node &&
        a.references.length === b.references.length &&
        a.references.every((reference, index) => reference === b.references[index])
    );
}

/** A mirror pod gives its node no access: the node itself wrote what it refers to. */
function podReferences(pod: V1Pod): string[] {
    const namespace = pod.metadata?.namespace ?? '';
    const references = new Set([`pod/${objectKey(pod)}`]);
    if (pod.metadata?.annotations?.[mirrorPodAnnotation] !== undefined) return [...references];
    const add = (kind: VertexKind, name: string | undefined) => {
        if (name) references.add(`${kind}/${namespace}/${name}`);
    };
    const { spec } = pod;
    add('serviceaccount', spec?.serviceAccountName);
    for (const secret of spec?.imagePullSecrets ?? []) add('secret', secret.name);
    const containers = [
        ...(spec?.initContainers ?? []),
        ...(spec?.containers ?? []),
        ...(spec?.ephemeralContainers ?? []),
    ];
    for (const { env, envFrom } of containers) {
        for (const { valueFrom } of env ?? []) {
            add('secret', valueFrom?.secretKeyRef?.name);
            add('configmap', valueFrom?.configMapKeyRef?.name);
        }
        for (const source of envFrom ?? []) {
            add('secret', source.secretRef?.name);
            add('configmap', source.configMapRef?.name);
        }
    }
    for (const volume of spec?.volumes ?? []) addVolume(pod, volume, add);
    for (const claim of spec?.resourceClaims ?? []) add('resourceclaim', claim.resourceClaimName);
    for (const claim of pod.status?.resourceClaimStatuses ?? [])
        add('resourceclaim', claim.resourceClaimName);
    return [...references];
}

type AddReference = (kind: VertexKind, name: string | undefined) => void;

function addVolume(pod: V1Pod, volume: V1Volume, add: AddReference): void {
    add('secret', volume.secret?.secretName);
    add('configmap', volume.configMap?.name);
    add('persistentvolumeclaim', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral !== undefined) {
        add('persistentvolumeclaim', `${pod.metadata?.name ?? ''}-${volume.name}`);
    }
    for (const source of volume.projected?.sources ?? []) addProjection(source, add);
    const driverSecrets: (V1SecretReference | undefined)[] = [
        volume.csi?.nodePublishSecretRef,
        volume.flexVolume?.secretRef,
        volume.iscsi?.secretRef,
        volume.rbd?.secretRef,
        volume.cephfs?.secretRef,
        volume.scaleIO?.secretRef,
        volume.storageos?.secretRef,
    ];
    for (const secret of driverSecrets) add('secret', secret?.name);
    add('secret', volume.azureFile?.secretName);
}

function addProjection(source: V1VolumeProjection, add: AddReference): void {
    add('secret', source.secret?.name);
    add('configmap', source.configMap?.name);
}

/** Secrets that the volume's driver needs on the node, as "namespace/name". */
function volumeSecrets({ spec }: V1PersistentVolume): string[] {
    const home = spec?.claimRef?.namespace ?? '';
    const references: (V1SecretReference | undefined)[] = [
        spec?.csi?.nodePublishSecretRef,
        spec?.csi?.nodeStageSecretRef,
        spec?.csi?.nodeExpandSecretRef,
        spec?.csi?.controllerPublishSecretRef,
        spec?.csi?.controllerExpandSecretRef,
        spec?.flexVolume?.secretRef,
        spec?.iscsi?.secretRef,
        spec?.rbd?.secretRef,
        spec?.cephfs?.secretRef,
        spec?.scaleIO?.secretRef,
    ];
    const secrets = references
        .filter((reference) => reference?.name)
        .map((reference) => `${reference?.namespace || home}/${reference?.name ?? ''}`);
    if (spec?.azureFile !== undefined) {
        secrets.push(`${spec.azureFile.secretNamespace || home}/${spec.azureFile.secretName}`);
    }
    return secrets;
}
