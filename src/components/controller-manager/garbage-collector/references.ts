import type { ApiObject, Stored, V1OwnerReference } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client, ResourceClient } from '../../../client/client.ts';
import { dynamicResource } from '../../../client/resource-type.ts';
import { kindKey, type DiscoveredResource } from '../shared/discovery.ts';
import type { AbsentOwners } from './absent-owners.ts';
import {
    foregroundFinalizer,
    hasFinalizer,
    identityOfReference,
    isBeingDeleted,
    type Identity,
} from './graph-node.ts';

/** The kind is not served (any more, or not yet). */
export class UnknownKindError extends Error {
    override readonly name = 'UnknownKindError';

    constructor({ apiVersion, kind }: { apiVersion: string; kind: string }) {
        super(`unable to get REST mapping for ${apiVersion}/${kind}.`);
    }
}

/** A cluster-scoped object says that its owner is in a namespace: nothing can be decided about it. */
export class NamespacedOwnerError extends Error {
    override readonly name = 'NamespacedOwnerError';

    constructor(kind: string) {
        super(`cluster-scoped objects cannot refer to namespaced owners (${kind})`);
    }
}

/** The owners of an object, by what the API server says of them right now. */
export interface ClassifiedReferences {
    /** Exists and stays. */
    solid: V1OwnerReference[];
    /** Does not exist. */
    dangling: V1OwnerReference[];
    /** Is being deleted in the foreground and waits for its dependents. */
    waiting: V1OwnerReference[];
}

/** Reads objects of kinds that are only known by name. */
export class LiveObjects {
    readonly #client: Client;
    readonly #kinds: () => ReadonlyMap<string, DiscoveredResource>;

    constructor(client: Client, kinds: () => ReadonlyMap<string, DiscoveredResource>) {
        this.#client = client;
        this.#kinds = kinds;
    }

    /** @throws UnknownKindError */
    resourceOf(of: { apiVersion: string; kind: string }): DiscoveredResource {
        const found = this.#kinds().get(kindKey(of.apiVersion, of.kind));
        if (found === undefined) throw new UnknownKindError(of);
        return found;
    }

    /** @throws UnknownKindError */
    clientOf(of: { apiVersion: string; kind: string }): ResourceClient<ApiObject> {
        return this.#client.resource(dynamicResource(this.resourceOf(of)));
    }

    /** Undefined when there is no object of that name; it may be another one than the uid says. */
    async get({ apiVersion, kind, namespace, name }: Identity): Promise<Stored<ApiObject> | undefined> {
        const resource = this.resourceOf({ apiVersion, kind });
        if (resource.namespaced && namespace === '') return undefined;
        const ref = resource.namespaced ? { namespace, name } : { name };
        try {
            return await this.clientOf({ apiVersion, kind }).get(ref);
        } catch (error) {
            if (isReason(error, 'NotFound')) return undefined;
            throw error;
        }
    }
}

/** Sorts the owner references of an object by live reads; owners known to be absent are not asked for. */
export async function classifyReferences(
    object: Stored<ApiObject>,
    { live, absent }: { live: LiveObjects; absent: AbsentOwners },
): Promise<ClassifiedReferences> {
    const classified: ClassifiedReferences = { solid: [], dangling: [], waiting: [] };
    for (const reference of object.metadata.ownerReferences ?? []) {
        const owner = await readOwner(object, reference, { live, absent });
        if (owner === undefined) classified.dangling.push(reference);
        else if (isBeingDeleted(owner) && hasFinalizer(owner, foregroundFinalizer)) {
            classified.waiting.push(reference);
        } else classified.solid.push(reference);
    }
    return classified;
}

async function readOwner(
    object: Stored<ApiObject>,
    reference: V1OwnerReference,
    { live, absent }: { live: LiveObjects; absent: AbsentOwners },
): Promise<Stored<ApiObject> | undefined> {
    const namespace = object.metadata.namespace ?? '';
    const inNamespace = identityOfReference(reference, namespace);
    const inCluster = identityOfReference(reference, '');
    if (absent.has(inNamespace) || absent.has(inCluster)) return undefined;
    const { namespaced } = live.resourceOf(reference);
    if (namespaced && namespace === '') throw new NamespacedOwnerError(reference.kind);
    const identity = namespaced ? inNamespace : inCluster;
    const owner = await live.get(identity);
    if (owner?.metadata.uid === reference.uid) return owner;
    absent.add(identity);
    return undefined;
}
