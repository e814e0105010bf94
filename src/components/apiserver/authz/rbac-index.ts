import type {
    GroupVersionResource,
    RbacV1Subject,
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
import { type CompiledRule, compileRule } from './rule.ts';

/** Identities whose rules are kept compiled. */
const compiledSubjectsMax = 1024;

/** A rule that an identity has, and the binding that gives it. */
export interface GrantedRule {
    rule: V1PolicyRule;
    compiled: CompiledRule;
    /** `ClusterRoleBinding "x" of ClusterRole "y" to User "z"`. */
    via: string;
}

interface Binding {
    /** Empty for cluster role bindings. */
    namespace: string;
    name: string;
    roleRef: V1RoleRef;
    subject: string;
}

interface SubjectRules {
    cluster: GrantedRule[] | undefined;
    byNamespace: Map<string, GrantedRule[]>;
}

/**
 * Roles and bindings, arranged by subject. Invariant: what was compiled reflects the reader's current
 * state, because any change of a role or binding drops it; the next question compiles it again.
 */
export class RbacIndex {
    readonly #reader: ObjectReader;
    readonly #compiled = new BoundedMap<string, SubjectRules>(compiledSubjectsMax);
    readonly #removers: (() => void)[];
    #bindings: Map<string, Binding[]> | undefined;

    constructor(reader: ObjectReader) {
        this.#reader = reader;
        const invalidate = () => {
            this.#compiled.clear();
        };
        const invalidateBindings = () => {
            invalidate();
            this.#bindings = undefined;
        };
        const follow = (resource: GroupVersionResource, changed: () => void) =>
            followChanges(reader, resource, { changed, filled: changed });
        this.#removers = [
            follow(roles, invalidate),
            follow(clusterRoles, invalidate),
            follow(roleBindings, invalidateBindings),
            follow(clusterRoleBindings, invalidateBindings),
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
            subject = { cluster: undefined, byNamespace: new Map() };
            this.#compiled.set(key, subject);
        }
        return subject;
    }

    #compile(identity: Identity, namespace: string): GrantedRule[] {
        this.#bindings ??= this.#indexBindings();
        const granted: GrantedRule[] = [];
        for (const subject of subjectKeys(identity)) {
            for (const binding of this.#bindings.get(`${namespace}\0${subject}`) ?? []) {
                const via = describeBinding(binding);
                for (const rule of this.roleRules(binding.roleRef, namespace) ?? []) {
                    granted.push({ rule, compiled: compileRule(rule), via });
                }
            }
        }
        return granted;
    }

    #indexBindings(): Map<string, Binding[]> {
        const index = new Map<string, Binding[]>();
        const all = [
            ...this.#reader.list<V1ClusterRoleBinding>(clusterRoleBindings),
            ...this.#reader.list<V1RoleBinding>(roleBindings),
        ];
        for (const { metadata, roleRef, subjects } of all) {
            const namespace = metadata.namespace ?? '';
            for (const subject of subjects ?? []) {
                const key = bindingKey(subject, namespace);
                if (key === undefined) continue;
                const text = subjectText(subject, namespace);
                const binding = { namespace, name: metadata.name, roleRef, subject: text };
                const bindings = index.get(`${namespace}\0${key}`);
                if (bindings === undefined) index.set(`${namespace}\0${key}`, [binding]);
                else bindings.push(binding);
            }
        }
        return index;
    }
}

function subjectKeys(identity: Identity): string[] {
    return [`User:${identity.username}`, ...identity.groups.map((group) => `Group:${group}`)];
}

function bindingKey(subject: RbacV1Subject, namespace: string): string | undefined {
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

function subjectText(subject: RbacV1Subject, namespace: string): string {
    return subject.kind === 'ServiceAccount'
        ? `ServiceAccount "${subject.name}/${subject.namespace || namespace}"`
        : `${subject.kind} "${subject.name}"`;
}

function describeBinding({ namespace, name, roleRef, subject }: Binding): string {
    const binding = namespace === '' ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
    return `${binding} of ${roleRef.kind} "${roleRef.name}" to ${subject}`;
}
