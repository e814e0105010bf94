import type { V1CustomResourceColumnDefinition } from '../../../api/meta/object.ts';
import type { VersionSchema } from './version-schemas.ts';

/** What is always in memory of one served version of a custom resource. Its schema is read when it is needed. */
export interface ServedVersion {
    group: string;
    name: string;
    names: { plural: string; singular: string; kind: string; listKind: string };
    hasStatus: boolean;
    deprecated: boolean;
    deprecationWarning: string | undefined;
    columns: readonly V1CustomResourceColumnDefinition[];
    /** JSON paths. */
    selectableFields: readonly string[];
    schema(): VersionSchema;
    isTerminating(): boolean;
}
