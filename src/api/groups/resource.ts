import type { FieldError } from '../meta/field-error.ts';
import type { Typing } from '../managed-fields/updater.ts';
import type { ApiObject } from '../meta/object.ts';

/** What a request may do with a resource, in discovery's words. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** A resource is data: this record is all that the generic registry needs to serve it. */
export interface ResourceDefinition<T extends ApiObject = ApiObject> {
    group: string;
    version: string;
    /** Lower-case plural, as in paths: "pods". */
    plural: string;
    singular: string;
    kind: string;
    listKind: string;
    namespaced: boolean;
    verbs: readonly Verb[];
    /** Name of the type in the generated schema: "V1Pod". */
    type: string;
    shortNames: readonly string[];
    categories: readonly string[];
    subresources: Readonly<Record<string, SubresourceDefinition>>;
    /**
     * Where the store keeps it, below "/registry/": upstream's prefix ("pods", "services/specs",
     * "minions"). Versions of one resource share it.
     */
    storagePrefix: string;
    strategy: Strategy<T>;
    /**
     * Set where this version is stored as another one (core/v1 Event for events.k8s.io/v1). The strategy
     * still works on objects of this version; only the store sees the other.
     */
    conversion?: VersionConversion<T> | undefined;
    /**
     * How field management sees the objects, for resources whose `type` is not in the generated schema
     * (structuralFieldSchema makes one of a custom resource's schema). Built-in resources have none.
     */
    fieldTyping?: Typing | undefined;
    /**
     * Set for custom resources, whose `type` the generated schema does not know: checks a body's metadata and takes
     * away what the schema does not specify, of which it tells (`unknown field "spec.a"`). May change its
     * parameter. Throws StatusError.
     */
    decode?: ((body: object) => { object: ApiObject; unknownFields: string[] }) | undefined;
}

/** How one version of a resource is turned into the stored version and back. Neither changes its input. */
export interface VersionConversion<T extends ApiObject = ApiObject> {
    stored: { group: string; version: string };
    toStored(object: T): ApiObject;
    /** May give back its parameter, when that is what this version shows. */
    fromStored(object: ApiObject): T;
    /** Changes when `fromStored` would give another result for the same object. */
    epoch?: object;
    /** Set where another server converts: runs before the two functions above, which it prepares. */
    remote?: RemoteConversion | undefined;
}

/** Conversion that takes time and may fail. Throws StatusError. */
export interface RemoteConversion {
    /** The objects as this version has them, in the same order. */
    fromStored(objects: readonly ApiObject[]): Promise<ApiObject[]>;
    toStored(object: ApiObject): Promise<ApiObject>;
}

export interface SubresourceDefinition {
    verbs: readonly Verb[];
    /** Type of the subresource's body where it has one ("V1Scale", "V1Binding"). */
    type?: string | undefined;
    /** Of scale: where a custom resource keeps its numbers, as field names from the root on. */
    scalePaths?: ScalePaths | undefined;
}

export interface ScalePaths {
    specReplicas: readonly string[];
    statusReplicas: readonly string[];
    /** A label selector as text. */
    labelSelector?: readonly string[] | undefined;
}

/** Who writes, as authentication found. */
export interface WritingUser {
    username: string;
    uid: string;
    groups: readonly string[];
    extra: Readonly<Record<string, readonly string[]>>;
}

/** What a write is about, for the hooks below. */
export interface WriteContext {
    /** Current time, for hooks that stamp: RFC 3339. */
    now: string;
    /** Who writes, for objects that record it. */
    user?: WritingUser;
    /** Set for writes to a subresource: "status", "scale", "ephemeralcontainers", … */
    subresource?: string | undefined;
}

/**
 * The resource's own rules. Every hook is a pure function of its parameters; those that return nothing
 * change the object in place. The registry calls them in the order in which they stand here. Missing
 * hooks mean the generic behaviour.
 */
export interface Strategy<T extends ApiObject = ApiObject> {
    /** Fills in defaults. Called on write, and on read for what was stored without them. Idempotent. */
    defaults?(object: T): void;
    /** Before a create is validated: drops what the client may not set (status, …), stamps, sets generation. */
    prepareForCreate?(object: T, context: WriteContext): void;
    /**
     * Before an update of the main resource is validated: carries over what this path may not change
     * (status). The registry itself then increments `generation` when `spec` has changed and
     * `hasGeneration` is true.
     */
    prepareForUpdate?(object: T, old: T, context: WriteContext): void;
    /** Before a write to the status subresource is validated: only status differs from `old` then. */
    prepareForStatusUpdate?(object: T, old: T): void;
    /** Before a first request to delete marks the object: adds the finalizers of work that comes before. */
    prepareForDelete?(object: T, context: WriteContext): void;
    /** Errors of an object to be created. Metadata (name, namespace, labels, …) is checked by the registry. */
    validate?(object: T): FieldError[];
    /**
     * Errors of an update of the main resource, immutability included; must call `validate` where that applies.
     * `warn` takes sentences for `Warning` headers.
     */
    validateUpdate?(object: T, old: T, warn?: (text: string) => void): FieldError[];
    /** Errors of an update of the status subresource; only status differs from `old`. */
    validateStatusUpdate?(object: T, old: T, warn?: (text: string) => void): FieldError[];
    /**
     * Errors of an update through another subresource that changes the object itself
     * ("ephemeralcontainers", "resize", "approval", "finalize"). Where it is missing, `validateUpdate` holds.
     */
    validateSubresourceUpdate?(object: T, old: T, subresource: string): FieldError[];
    /** Sentences for `Warning` headers on create and update. */
    warnings?(object: T, old: T | undefined): string[];
    /** As `warnings`, on an update of the status subresource. */
    statusWarnings?(object: T, old: T): string[];
    /** Sent with every answer about the resource, reads too: that the version is deprecated. */
    readonly deprecation?: string | undefined;
    /** Upstream's release without the deprecated version: "1.22". */
    readonly removedRelease?: string | undefined;
    /** Which names are allowed; default 'dnsSubdomain'. */
    nameFormat?: 'dnsSubdomain' | 'dnsLabel' | 'dns1035Label' | 'pathSegment';
    /** True when spec changes increment metadata.generation. */
    hasGeneration?: boolean;
    /** False: a PUT to a name that does not exist is 404; true: it creates (upstream: few resources). */
    allowCreateOnUpdate?: boolean;
    /** False: a PUT must carry a resourceVersion. Default true. */
    allowUnconditionalUpdate?: boolean;
    /** True: a write to `status` changes nothing of metadata. False: whatever `statusKeeps` does not name. */
    statusKeepsMetadata?: boolean;
    /** What of metadata a write to `status` does not change. Default: nothing is kept. */
    statusKeeps?: readonly ('labels' | 'ownerReferences')[];
    /** True for resources without status subresource whose `status` is still dropped on create. */
    dropsStatusOnCreate?: boolean;
    /**
     * Grace period of a deletion in seconds, given what the client asked for; undefined or 0 deletes at
     * once. Only pods have one.
     */
    gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined;
    /** Deletion propagation when the client names none: 'background' (default) or 'orphan'. */
    defaultPropagation?: 'background' | 'orphan';
    /** Said where a deletion names no propagation and dependents therefore stay. */
    readonly orphaningWarning?: string | undefined;
    /** Fields that field selectors may name besides metadata.name and metadata.namespace. */
    selectableFields?(object: T): Record<string, string>;
    /** Columns of the Table that `kubectl get` prints; default Name and Age. */
    columns?: readonly Column<T>[];
}

/** A column of a Table (meta.k8s.io/v1). `Age` of creationTimestamp: use `ageColumn` of columns.ts. */
export interface Column<T extends ApiObject = ApiObject> {
    name: string;
    type: 'string' | 'integer' | 'date' | 'number' | 'boolean';
    format?: 'name' | '' | undefined;
    description: string;
    /** 0 is always shown, 1 only with `-o wide`. */
    priority: 0 | 1;
    /** The cell. `nowMs` is for ages. */
    value(object: T, nowMs: number): string | number | boolean | null;
}
