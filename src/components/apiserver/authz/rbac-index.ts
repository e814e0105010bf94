import type {
    ApiObject,
    GroupVersionResource,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1PolicyRule,
    V1Role,
    V1RoleBinding,
    V1RoleRef,
} from '../../../api/meta/object.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../../client/resource-type.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { followChanges } from './follow-changes.ts';
import { RbacBindings } from './rbac-bindings.ts';
import { type CompiledRule, compileRule } from './rule.ts';

/** Identities whose rules are kept compiled. */
const compiledSubjectsMax = 1024;
/** Namespaces for which the rules of one identity are kept compiled. */
const compiledNamespacesMax = 256;

/** A rule that an identity has, and the binding that gives it. */
export interface GrantedRule {
    rule: V1PolicyRule;
    compiled: CompiledRule;
    /** `ClusterRoleBinding "x" of ClusterRole "y" to User "z"`. */
    via: string;
}

interface SubjectRules {
    cluster: GrantedRule[] | undefined;
    byNamespace: BoundedMap<string, GrantedRule[]>;
}

/**
 * Roles and bindings, arranged by subject. Invariants: bindings follow the reader one change at a time and
 * are never listed to answer a question; what was compiled reflects the reader's current state, because any
 * change of a role or binding drops it and the next question compiles it again.
 */
export class RbacIndex {
    readonly #reader: ObjectReader;
    readonly #bindings = new RbacBindings();
    readonly #compiled = new BoundedMap<string, SubjectRules>(compiledSubjectsMax);
    readonly #removers: (() => void)[];

    constructor(reader: ObjectReader) {
        this.#reader = reader;
        const invalidate = (): void => {
            this.#compiled.clear();
        };
        const followBindings = (resource: GroupVersionResource, kind: 'namespaced' | 'cluster') => {
            const fill = (): void => {
                this.#bindings.clear(kind);
                for (const binding of reader.list<V1RoleBinding | V1ClusterRoleBinding>(resource)) {
                    this.#bindings.update(binding, false);
                }
                invalidate();
            };
            const changed = (binding: ApiObject, deleted: boolean): void => {
                this.#bindings.update(binding as V1RoleBinding, deleted);
                invalidate();
            };
            fill();
            return followChanges(reader, resource, { changed, filled: fill });
        };
        this.#removers = [
            followChanges(reader, roles, { changed: invalidate, filled: invalidate }),
            followChanges(reader, clusterRoles, { changed: invalidate, filled: invalidate }),
            followBindings(roleBindings, 'namespaced'),
            followBindings(clusterRoleBindings, 'cluster'),
        ];
    }

    /** Rules from cluster role bindings: they hold everywhere. */
    clusterRules(identity: Identity): readonly GrantedRule[] {
        const subject = this.#subject(identity);
        subject.cluster ??= this.#compile(identity, '');
        return subject.cluster;
    }

    /** Rules from role bindings of one namespace. */
    namespaceRules(identity: Identity, namespace: string): readonly GrantedRule[] {
        const subject = this.#subject(identity);
        let rules = subject.byNamespace.get(namespace);
        if (rules === undefined) {
            rules = this.#compile(identity, namespace);
            subject.byNamespace.set(namespace, rules);
        }
        return rules;
    }

    /** Rules of the role that a binding in `namespace` names; undefined when there is no such role. */
    roleRules(roleRef: V1RoleRef, namespace: string): readonly V1PolicyRule[] | undefined {
        const role =
            roleRef.kind === 'ClusterRole'
                ? this.#reader.get<V1ClusterRole>(clusterRoles, '', roleRef.name)
                : this.#reader.get<V1Role>(roles, namespace, roleRef.name);
        return role === undefined ? undefined : (role.rules ?? []);
    }

    stop(): void {
        for (const remove of this.#removers) remove();
    }

    #subject(identity: Identity): SubjectRules {
        const key = `${identity.username}\0${identity.groups.join('\0')}`;
        let subject = this.#compiled.get(key);
        if (subject === undefined) {
            subject = { cluster: undefined, byNamespace: new BoundedMap(compiledNamespacesMax) };
            this.#compiled.set(key, subject);
        }
        return subject;
    }

    #compile(identity: Identity, namespace: string): GrantedRule[] {
        const granted: GrantedRule[] = [];
        for (const subject of subjectKeys(identity)) {
            for (const { roleRef, via } of this.#bindings.of(namespace, subject)) {
                for (const rule of this.roleRules(roleRef, namespace) ?? []) {
                    granted.push({ rule, compiled: compileRule(rule), via });
                }
            }
        }
        return granted;
    }
}

function subjectKeys(identity: Identity): string[] {
    return [`User:${identity.username}`, ...identity.groups.map((group) => `Group:${group}`)];
}
