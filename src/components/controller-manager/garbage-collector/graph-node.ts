import type { ApiObject, Stored, V1OwnerReference } from '../../../api/meta/object.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** What names an object among all resources. */
export interface Identity {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    /** Empty for cluster-scoped objects. */
    namespace: string;
}

/** An object in the graph of owners and dependents. */
export interface GraphNode {
    identity: Identity;
    dependents: Set<GraphNode>;
    owners: readonly V1OwnerReference[];
    beingDeleted: boolean;
    /** Deleted in the foreground: it waits for its dependents. */
    deletingDependents: boolean;
    /** Known only from references of dependents; no informer has shown it. */
    virtual: boolean;
}

export function identityOf(object: Stored<ApiObject>): Identity {
    const { name, uid = '', namespace = '' } = object.metadata;
    return { apiVersion: object.apiVersion ?? '', kind: object.kind ?? '', name, uid, namespace };
}

/** The identity that a reference claims for the owner. The owner may as well be cluster-scoped. */
export function identityOfReference(reference: V1OwnerReference, namespace: string): Identity {
    const { apiVersion, kind, name, uid } = reference;
    return { apiVersion, kind, name, uid, namespace };
}

/** Same object by what the reference says of it, whatever the namespace. */
export function matchesReference(identity: Identity, reference: V1OwnerReference): boolean {
    return (
        identity.uid === reference.uid &&
        identity.name === reference.name &&
        identity.kind === reference.kind &&
        identity.apiVersion === reference.apiVersion
    );
}

export const identityKey = ({ apiVersion, kind, name, uid, namespace }: Identity): string =>
    `${apiVersion}|${kind}|${namespace}|${name}|${uid}`;

export const hasFinalizer = (object: ApiObject, finalizer: string): boolean =>
    object.metadata?.finalizers?.includes(finalizer) === true;

export const isBeingDeleted = (object: ApiObject): boolean =>
    object.metadata?.deletionTimestamp !== undefined;

/** Dependents that a foreground deletion of `node` waits for. */
export function blockingDependents(node: GraphNode): GraphNode[] {
    return [...node.dependents].filter(({ owners }) =>
        owners.some(
            ({ uid, blockOwnerDeletion }) => uid === node.identity.uid && blockOwnerDeletion === true,
        ),
    );
}
