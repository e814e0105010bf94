import { ageColumn, nameColumn } from '../../../api/groups/columns.ts';
import type { Column, ResourceDefinition } from '../../../api/groups/resource.ts';
import type { StoredObject } from '../stored-object.ts';
import type { MetaVersion } from './negotiate.ts';

/** The group and version of the shapes. */
export const metaVersionOf = (version: MetaVersion): string => `meta.k8s.io/${version}`;

/** The object's metadata alone, as PartialObjectMetadata. */
export interface PartialObject {
    kind: 'PartialObjectMetadata';
    apiVersion: string;
    metadata: object;
}

export interface TableRow {
    cells: (string | number | boolean | null)[];
    object?: object;
}

export interface Table {
    kind: 'Table';
    apiVersion: string;
    metadata: object;
    columnDefinitions: object[];
    rows: TableRow[];
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function columnsOf({ strategy }: ResourceDefinition): readonly Column[] {
    return strategy.columns ?? [nameColumn, ageColumn];
}

export function partialOf({ metadata }: Pick<StoredObject, 'metadata'>, version: MetaVersion): PartialObject {
    return { kind: 'PartialObjectMetadata', apiVersion: metaVersionOf(version), metadata };
}

/** What a row is made of: an object of the store, or one that was made for the answer. */
export type Tabular = Pick<StoredObject, 'object' | 'metadata'>;

export interface TableOptions {
    version: MetaVersion;
    metadata: object;
    includeObject: IncludeObject;
    nowMs: number;
    withColumns: boolean;
}

export function tableOf(
    definition: ResourceDefinition,
    objects: readonly Tabular[],
    options: TableOptions,
): Table {
    return tableWith(columnsOf(definition), objects, options);
}

export function tableWith(
    columns: readonly Column[],
    objects: readonly Tabular[],
    options: TableOptions,
): Table {
    return {
        kind: 'Table',
        apiVersion: metaVersionOf(options.version),
        metadata: options.metadata,
        columnDefinitions: options.withColumns
            ? columns.map(({ name, type, format = '', description, priority }) => ({
                  name,
                  type,
                  format,
                  description,
                  priority,
              }))
            : [],
        rows: objects.map((object) => rowOf(columns, object, options)),
    };
}

function rowOf(
    columns: readonly Column[],
    stored: Tabular,
    { version, includeObject, nowMs }: Pick<TableOptions, 'version' | 'includeObject' | 'nowMs'>,
): TableRow {
    const cells = columns.map((column) => column.value(stored.object, nowMs));
    switch (includeObject) {
        case 'None':
            return { cells };
        case 'Metadata':
            return { cells, object: partialOf(stored, version) };
        case 'Object':
            return { cells, object: stored.object };
    }
}
