import type {
    RbacV1Subject,
    V1ClusterRoleBinding,
    V1RoleBinding,
    V1RoleRef,
} from '../../../api/meta/object.ts';
import { objectKey } from '../../../api/meta/object.ts';

/** One subject of a (cluster) role binding. */
export interface Grant {
    /** Empty for cluster role bindings. */
    namespace: string;
    roleRef: V1RoleRef;
    /** `ClusterRoleBinding "x" of ClusterRole "y" to User "z"`. */
    via: string;
}

type AnyBinding = V1ClusterRoleBinding | V1RoleBinding;

/**
 * Bindings by namespace and subject, kept up to date one binding at a time: a decision looks up a few keys,
 * whatever the number of bindings.
 *
 *     binding b in ns with subjects User:jane, Group:dev
 *       →  "ns\0User:jane":  { "ns/b": [grant] }
 *          "ns\0Group:dev":  { "ns/b": [grant] }
 */
export class RbacBindings {
    readonly #grants = new Map<string, Map<string, Grant[]>>();
    /** Where a binding's grants are, so that its next version can replace them. */
    readonly #keysOf = new Map<string, readonly string[]>();

    /** Forgets either all role bindings or all cluster role bindings. */
    clear(kind: 'namespaced' | 'cluster'): void {
        for (const id of [...this.#keysOf.keys()]) {
            if (id.includes('/') === (kind === 'namespaced')) this.#remove(id);
        }
    }

    update(binding: AnyBinding, deleted: boolean): void {
        const id = objectKey(binding);
        this.#remove(id);
        if (deleted) return;
        const namespace = binding.metadata?.namespace ?? '';
        const keys = new Set<string>();
        for (const subject of binding.subjects ?? []) {
            const key = subjectKey(subject, namespace);
            if (key === undefined) continue;
            const full = `${namespace}\0${key}`;
            keys.add(full);
            const byBinding = this.#grants.get(full) ?? new Map<string, Grant[]>();
            this.#grants.set(full, byBinding);
            const grants = byBinding.get(id) ?? [];
            byBinding.set(id, grants);
            grants.push({ namespace, roleRef: binding.roleRef, via: describe(binding, subject) });
        }
        if (keys.size > 0) this.#keysOf.set(id, [...keys]);
    }

    /** Grants of one namespace ('' for the whole cluster) to `User:<name>` or `Group:<name>`. */
    *of(namespace: string, subject: string): Iterable<Grant> {
        for (const grants of this.#grants.get(`${namespace}\0${subject}`)?.values() ?? []) yield* grants;
    }

    #remove(id: string): void {
        for (const key of this.#keysOf.get(id) ?? []) {
            const byBinding = this.#grants.get(key);
            byBinding?.delete(id);
            if (byBinding?.size === 0) this.#grants.delete(key);
        }
        this.#keysOf.delete(id);
    }
}

function subjectKey(subject: RbacV1Subject, namespace: string): string | undefined {
    switch (subject.kind) {
        case 'User':
        case 'Group':
            return `${subject.kind}:${subject.name}`;
        case 'ServiceAccount': {
            const home = subject.namespace || namespace;
            return home === '' ? undefined : `User:system:serviceaccount:${home}:${subject.name}`;
        }
        default:
            return undefined;
    }
}

function describe({ metadata, roleRef }: AnyBinding, subject: RbacV1Subject): string {
    const namespace = metadata?.namespace ?? '';
    const name = metadata?.name ?? '';
    const binding = namespace === '' ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
    const who =
        subject.kind === 'ServiceAccount'
            ? `ServiceAccount "${subject.name}/${subject.namespace || namespace}"`
            : `${subject.kind} "${subject.name}"`;
    return `${binding} of ${roleRef.kind} "${roleRef.name}" to ${who}`;
}
