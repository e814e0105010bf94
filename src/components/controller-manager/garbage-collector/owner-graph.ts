import { deepEqual } from '../../../api/meta/deep.ts';
import type { ApiObject, Stored, V1OwnerReference } from '../../../api/meta/object.ts';
import {
    foregroundFinalizer,
    hasFinalizer,
    identityKey,
    identityOf,
    identityOfReference,
    isBeingDeleted,
    matchesReference,
    orphanFinalizer,
    type GraphNode,
    type Identity,
} from './graph-node.ts';

/** What the graph asks of the garbage collector. */
export interface GraphListener {
    /** The object may have to be deleted. */
    attemptToDelete(node: GraphNode): void;
    /** Ask the API server whether this owner, which no informer has shown, is there at all. */
    verify(node: GraphNode): void;
    attemptToOrphan(node: GraphNode): void;
    /** An owner of that identity does not exist. */
    ownerAbsent(identity: Identity): void;
    /** The dependent refers to an owner of another namespace. */
    ownerInOtherNamespace(dependent: GraphNode, reference: V1OwnerReference): void;
}

/**
 * Owners and dependents among all objects (upstream's GraphBuilder). Informers feed it; it tells its
 * listener which objects to look at.
 *
 * Invariants: every observed object is one node; for every owner reference of an observed object the
 * owner's node exists, virtual when nobody has shown it, and has the object among its dependents.
 */
export class OwnerGraph {
    readonly #nodes = new Map<string, GraphNode>();
    readonly #listener: GraphListener;

    constructor(listener: GraphListener) {
        this.#listener = listener;
    }

    get size(): number {
        return this.#nodes.size;
    }

    get(uid: string): GraphNode | undefined {
        return this.#nodes.get(uid);
    }

    observed(object: Stored<ApiObject>, old: Stored<ApiObject> | undefined): void {
        const identity = identityOf(object);
        const known = this.#nodes.get(identity.uid);
        if (known === undefined) {
            this.#insert(identity, object);
        } else {
            if (known.virtual) this.#materialize(known, identity);
            this.#updateOwners(known, object.metadata.ownerReferences ?? []);
            if (isBeingDeleted(object)) known.beingDeleted = true;
        }
        const node = this.#nodes.get(identity.uid);
        if (node !== undefined) this.#transitions(node, object, known?.virtual === true ? undefined : old);
    }

    deleted(object: Stored<ApiObject>): void {
        const node = this.#nodes.get(object.metadata.uid ?? '');
        if (node === undefined) return;
        this.#remove(node);
        this.#listener.ownerAbsent(node.identity);
    }

    /** The API server does not know an object of this identity. */
    verifiedAbsent(identity: Identity): void {
        const node = this.#nodes.get(identity.uid);
        if (node === undefined) return;
        this.#listener.ownerAbsent(identity);
        const disagreeing = [...node.dependents].filter(
            (dependent) =>
                !dependent.owners.some((reference) => matchesReference(identity, reference)) ||
                (identity.namespace !== '' && dependent.identity.namespace !== identity.namespace),
        );
        const wasAboutNode = identityKey(node.identity) === identityKey(identity);
        if (wasAboutNode && (!node.virtual || disagreeing.length === 0)) {
            this.#remove(node);
            return;
        }
        // The uid may belong to an object that other dependents describe differently.
        for (const dependent of node.dependents) {
            if (!disagreeing.includes(dependent)) this.#listener.attemptToDelete(dependent);
        }
        const [other] = disagreeing;
        const reference = other?.owners.find(({ uid }) => uid === identity.uid);
        if (wasAboutNode && other !== undefined && reference !== undefined) {
            node.identity = identityOfReference(reference, other.identity.namespace);
            this.#listener.verify(node);
        }
    }

    #insert(identity: Identity, object: Stored<ApiObject>): void {
        const beingDeleted = isBeingDeleted(object);
        const node: GraphNode = {
            identity,
            dependents: new Set(),
            owners: object.metadata.ownerReferences ?? [],
            beingDeleted,
            deletingDependents: beingDeleted && hasFinalizer(object, foregroundFinalizer),
            virtual: false,
        };
        this.#nodes.set(identity.uid, node);
        this.#link(node, node.owners);
    }

    /** A virtual owner turns out to exist; dependents that said something else of it are checked. */
    #materialize(node: GraphNode, identity: Identity): void {
        node.identity = identity;
        node.virtual = false;
        for (const dependent of node.dependents) {
            const agrees = dependent.owners.some((reference) => matchesReference(identity, reference));
            const sameNamespace =
                identity.namespace === '' || identity.namespace === dependent.identity.namespace;
            if (!agrees || !sameNamespace) this.#listener.attemptToDelete(dependent);
        }
    }

    #updateOwners(node: GraphNode, owners: readonly V1OwnerReference[]): void {
        const before = node.owners;
        if (deepEqual(before, owners)) {
            node.owners = owners;
            return;
        }
        node.owners = owners;
        const find = (list: readonly V1OwnerReference[], uid: string): V1OwnerReference | undefined =>
            list.find((reference) => reference.uid === uid);
        for (const old of before) {
            const now = find(owners, old.uid);
            // A foreground deletion of the owner may have waited for this object.
            const unblocked = old.blockOwnerDeletion === true && now?.blockOwnerDeletion !== true;
            const owner = this.#nodes.get(old.uid);
            if (now === undefined) this.#unlink(node, old);
            if (unblocked && owner !== undefined) this.#listener.attemptToDelete(owner);
        }
        this.#link(
            node,
            owners.filter(({ uid }) => find(before, uid) === undefined),
        );
    }

    #link(node: GraphNode, owners: readonly V1OwnerReference[]): void {
        let suspicious = false;
        for (const reference of owners) {
            const owner = this.#nodes.get(reference.uid);
            if (owner === undefined) {
                this.#insertVirtual(node, reference);
                continue;
            }
            owner.dependents.add(node);
            const { namespace } = owner.identity;
            if (namespace !== '' && namespace !== node.identity.namespace) {
                if (!owner.virtual) this.#listener.ownerInOtherNamespace(node, reference);
                suspicious = true;
            } else if (!matchesReference(owner.identity, reference)) suspicious = true;
        }
        if (suspicious) this.#listener.attemptToDelete(node);
    }

    #insertVirtual(dependent: GraphNode, reference: V1OwnerReference): void {
        const owner: GraphNode = {
            identity: identityOfReference(reference, dependent.identity.namespace),
            dependents: new Set([dependent]),
            owners: [],
            beingDeleted: false,
            deletingDependents: false,
            virtual: true,
        };
        this.#nodes.set(reference.uid, owner);
        this.#listener.verify(owner);
    }

    #unlink(node: GraphNode, reference: V1OwnerReference): void {
        const owner = this.#nodes.get(reference.uid);
        owner?.dependents.delete(node);
        // Nobody refers to it any more, and nobody has shown it.
        if (owner?.virtual === true && owner.dependents.size === 0) this.#nodes.delete(reference.uid);
    }

    #remove(node: GraphNode): void {
        this.#nodes.delete(node.identity.uid);
        for (const reference of node.owners) {
            const owner = this.#nodes.get(reference.uid);
            if (owner?.deletingDependents === true) this.#listener.attemptToDelete(owner);
            this.#unlink(node, reference);
        }
        if (node.dependents.size === 0) return;
        // The references stay until the dependents go: the owner lives on as a virtual node.
        this.#nodes.set(node.identity.uid, {
            ...node,
            owners: [],
            virtual: true,
            deletingDependents: false,
            beingDeleted: false,
        });
        for (const dependent of node.dependents) this.#listener.attemptToDelete(dependent);
    }

    #transitions(node: GraphNode, object: Stored<ApiObject>, old: Stored<ApiObject> | undefined): void {
        const starts = (finalizer: string): boolean => {
            const applies = (o: Stored<ApiObject>): boolean =>
                isBeingDeleted(o) && hasFinalizer(o, finalizer);
            return applies(object) && (old === undefined || !applies(old));
        };
        if (starts(orphanFinalizer)) {
            this.#listener.attemptToOrphan(node);
            return;
        }
        if (!starts(foregroundFinalizer)) return;
        node.deletingDependents = true;
        for (const dependent of node.dependents) this.#listener.attemptToDelete(dependent);
        this.#listener.attemptToDelete(node);
    }
}
