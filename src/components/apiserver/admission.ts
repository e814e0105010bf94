import type { ResourceDefinition } from '../../api/groups/resource.ts';
import type { ApiObject } from '../../api/meta/object.ts';
import type { Identity } from './identity.ts';

/** One write on its way to the store. Deletions have no `object`. */
export interface AdmissionRequest {
    operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
    definition: ResourceDefinition;
    /** Empty for the resource itself. */
    subresource: string;
    namespace: string;
    /** Empty while generateName has not been resolved. */
    name: string;
    /** The new object; mutating plugins change it in place. For a subresource with another type, its body. */
    object: ApiObject | undefined;
    oldObject: ApiObject | undefined;
    identity: Identity;
    dryRun: boolean;
    /** Adds a `Warning` header to the answer. */
    warn(message: string): void;
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
