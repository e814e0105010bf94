import type { ResourceDefinition } from '../../api/groups/resource.ts';
import type { ApiObject, GroupVersionKind } from '../../api/meta/object.ts';
import type { Identity } from './identity.ts';

/** One write on its way to the store. Deletions have no `object`. */
export interface AdmissionRequest {
    operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
    /** The verb that authorization saw: "patch" for an update or a create by patch. */
    verb?: string | undefined;
    definition: ResourceDefinition;
    /** Empty for the resource itself. */
    subresource: string;
    namespace: string;
    /** Empty while generateName has not been resolved. */
    name: string;
    /** The name in the request's path: empty for a POST of a new object, whatever its name. */
    readonly pathName: string;
    /** What `object` is: the resource's kind, or that of a subresource's body (Scale, Eviction, PodExecOptions). */
    kind: GroupVersionKind;
    /** The new object; mutating plugins change it in place. For a subresource with another type, its body. */
    object: ApiObject | undefined;
    oldObject: ApiObject | undefined;
    /** CreateOptions, UpdateOptions or DeleteOptions of the client; undefined for CONNECT. */
    options: object | undefined;
    identity: Identity;
    dryRun: boolean;
    /** Aborted when the client has gone or the server stops. */
    signal: AbortSignal;
    readonly reinvocation: Reinvocation;
    /** Adds a `Warning` header to the answer. */
    warn(message: string): void;
    /** Leaves a remark for the audit log; keys are qualified names, the first value of a key stays. */
    annotate(key: string, value: string): void;
    /**
     * Makes `value` the content of `object`: decoded by the schema, without what the schema does not know,
     * and with defaults. Throws a StatusError when it does not decode; `object` is unchanged then.
     */
    replaceObject(value: unknown): void;
}

/** Whether the mutating plugins go over a request a second time, and what they remember from the first. */
export interface Reinvocation {
    /** True during the second time. There is no third. */
    isReinvoke: boolean;
    /** Set by a plugin whose change others should see. */
    isWanted: boolean;
    /** By plugin name. */
    readonly memory: Map<string, unknown>;
}

export function newReinvocation(): Reinvocation {
    return { isReinvoke: false, isWanted: false, memory: new Map() };
}

/**
 * An admission plugin: `mutate` runs first for all plugins in order, then, after defaults and
 * validation, `validate` for all. Each rejects by throwing a StatusError (usually forbidden).
 */
export interface AdmissionPlugin {
    readonly name: string;
    handles(request: AdmissionRequest): boolean;
    mutate?(request: AdmissionRequest): void | Promise<void>;
    validate?(request: AdmissionRequest): void | Promise<void>;
}
