import type { ApiObject, Stored, V1OwnerReference, V1Pod, V1Scale } from '../../../api/meta/object.ts';
import { parseApiVersion } from '../../../api/meta/object.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import type { InformerFactory } from '../../../client/informer-factory.ts';
import type { Lister } from '../../../client/informer.ts';
import {
    collectionPath,
    deployments,
    replicaSets,
    replicationControllers,
    statefulSets,
    type ResourceType,
} from '../../../client/resource-type.ts';
import { discover, kindKey, type Discovery } from '../shared/discovery.ts';

interface Scalable extends ApiObject {
    spec?: { replicas?: number | undefined } | undefined;
}

interface ControllerScale {
    uid: string;
    replicas: number;
}

export interface ExpectedScale {
    scale: number;
    /** Names of pods without controller. */
    unmanaged: string[];
}

/** Finds out how many pods the controllers of given pods want. */
export class ExpectedScales {
    readonly #client: Client;
    /** Kind → lister, for the controllers that are known. */
    readonly #known: ReadonlyMap<string, { group: string; lister: Lister<Scalable> }>;
    /** For the others, whose scale is asked for; read again when a kind is missing. */
    #discovery: Discovery | undefined;

    constructor(client: Client, informers: InformerFactory) {
        this.#client = client;
        const entry = <T extends Scalable>(
            type: ResourceType<T>,
        ): [string, { group: string; lister: Lister<Scalable> }] => [
            type.kind,
            { group: type.group, lister: informers.informer(type).lister },
        ];
        this.#known = new Map([
            entry(replicaSets),
            entry(deployments),
            entry(statefulSets),
            entry(replicationControllers),
        ]);
    }

    /** @throws Error when a pod's controller cannot be found or has no scale. */
    async of(pods: readonly Stored<V1Pod>[]): Promise<ExpectedScale> {
        const unmanaged: string[] = [];
        const scales = new Map<string, number>();
        for (const pod of pods) {
            const reference = controllerOf(pod);
            if (reference === undefined) {
                unmanaged.push(pod.metadata.name);
                continue;
            }
            if (scales.has(reference.uid)) continue;
            const found = await this.#find(reference, pod.metadata.namespace);
            if (found === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
            // Pods of several sets may have one Deployment behind them.
            scales.set(reference.uid, 0);
            scales.set(found.uid, found.replicas);
        }
        return { scale: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
    }

    async #find(
        reference: V1OwnerReference,
        namespace: string | undefined,
    ): Promise<ControllerScale | undefined> {
        const known = this.#known.get(reference.kind);
        if (known?.group === parseApiVersion(reference.apiVersion)?.group) {
            const owner = known?.lister.get(`${namespace ?? ''}/${reference.name}`);
            if (owner === undefined || owner.metadata.uid !== reference.uid) return undefined;
            const above = controllerOf(owner);
            // Only a Deployment speaks for its ReplicaSets: another owner need not have a scale.
            if (reference.kind === 'ReplicaSet' && above?.kind === 'Deployment')
                return await this.#find(above, namespace);
            return { uid: reference.uid, replicas: owner.spec?.replicas ?? 1 };
        }
        return await this.#askForScale(reference, namespace);
    }

    async #askForScale(
        reference: V1OwnerReference,
        namespace: string | undefined,
    ): Promise<ControllerScale | undefined> {
        const key = kindKey(reference.apiVersion, reference.kind);
        if (this.#discovery?.byKind.has(key) !== true) this.#discovery = await discover(this.#client);
        const resource = this.#discovery.byKind.get(key);
        if (resource === undefined) return undefined;
        const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(reference.name)}/scale`;
        try {
            const scale = (await this.#client.request({ method: 'GET', path })) as V1Scale;
            if (scale.metadata?.uid !== reference.uid) return undefined;
            return { uid: reference.uid, replicas: scale.spec?.replicas ?? 0 };
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
            const { resource: plural, group } = resource;
            throw new Error(
                `${group === '' ? plural : `${plural}.${group}`} does not implement the scale subresource`,
                {
                    cause: error,
                },
            );
        }
    }
}
