import { apiVersionOf, type V1ListMeta } from '../../../api/meta/object.ts';
import type { ListResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import type { Column, ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Media, Shape } from './negotiate.ts';
import { partialListParts, partialParts, tableParts } from './spliced.ts';
import { metaVersionOf, partialOf, tableOf, type TableOptions, tableWith, type Tabular } from './table.ts';
import { toYaml } from './yaml.ts';

const comma = Buffer.from(',');
const listEnd = Buffer.from(']}');

/**
 * The answer as pieces to be sent one after the other. JSON of stored objects, of their metadata and of Tables is made
 * of the stored bytes themselves; every other form is built from the parsed objects.
 */
export async function encodeObject(
    object: StoredObject,
    definition: ResourceDefinition,
    media: Media,
    nowMs: number,
): Promise<Buffer[]> {
    const { shape } = media;
    if (!isCompactJson(media)) return [await encodeValue(shaped(object, definition, media, nowMs), media)];
    switch (shape.type) {
        case 'object':
            return object.wireParts();
        case 'partial':
            return partialParts(object, shape.version);
        case 'table':
            return tableParts(definition, [object], tableOptions(shape, versionMetaOf(object), nowMs));
    }
}

/** What is made of stored bytes; they have neither indentation nor are they YAML. */
function isCompactJson({ serializer, isPretty }: Media): boolean {
    return serializer === 'json' && !isPretty;
}

function tableOptions(
    { version, includeObject }: Extract<Shape, { type: 'table' }>,
    metadata: object,
    nowMs: number,
): TableOptions {
    return { version, metadata, includeObject, nowMs, withColumns: true };
}

function versionMetaOf({ metadata: { resourceVersion } }: Pick<Tabular, 'metadata'>): object {
    return { resourceVersion };
}

function shaped(
    object: StoredObject,
    definition: ResourceDefinition,
    { shape }: Media,
    nowMs: number,
): object {
    switch (shape.type) {
        case 'object':
            return object.object;
        case 'partial':
            return partialOf(object, shape.version);
        case 'table':
            return tableOf(definition, [object], tableOptions(shape, versionMetaOf(object), nowMs));
    }
}

/** An object that is not stored, as the client wants it. */
export function shapedValue(
    value: Tabular['object'],
    options: { columns: readonly Column[]; media: Media; nowMs: number },
): object {
    const { columns, nowMs } = options;
    const { shape } = options.media;
    if (shape.type === 'object') return value;
    const object = { object: value, metadata: value.metadata };
    if (shape.type === 'partial') return partialOf(object, shape.version);
    return tableWith(columns, [object], tableOptions(shape, versionMetaOf(object), nowMs));
}

export async function encodeList(list: ListResult, media: Media, nowMs: number): Promise<Buffer[]> {
    const { definition, items } = list;
    const metadata = listMetaOf(list);
    const { shape } = media;
    if (isCompactJson(media)) return splicedList(list, shape, nowMs);
    switch (shape.type) {
        case 'object': {
            const head = { kind: definition.listKind, apiVersion: apiVersionOf(definition) };
            return [
                await encodeValue({ ...head, metadata, items: items.map(({ object }) => object) }, media),
            ];
        }
        case 'partial': {
            const { version } = shape;
            const head = { kind: 'PartialObjectMetadataList', apiVersion: metaVersionOf(version) };
            const parts = items.map((item) => partialOf(item, version));
            return [await encodeValue({ ...head, metadata, items: parts }, media)];
        }
        case 'table': {
            const table = tableOf(definition, items, tableOptions(shape, metadata, nowMs));
            return [await encodeValue(table, media)];
        }
    }
}

function splicedList(list: ListResult, shape: Shape, nowMs: number): Buffer[] {
    const { definition, items } = list;
    const metadata = listMetaOf(list);
    switch (shape.type) {
        case 'object':
            return listParts(list, metadata);
        case 'partial':
            return partialListParts(items, { version: shape.version, metadata });
        case 'table':
            return tableParts(definition, items, tableOptions(shape, metadata, nowMs));
    }
}

export function listMetaOf(list: ListResult): V1ListMeta {
    return {
        resourceVersion: list.resourceVersion,
        ...(list.continue === undefined ? {} : { continue: list.continue }),
        ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
    };
}

function listParts({ definition, items }: ListResult, metadata: V1ListMeta): Buffer[] {
    const head = {
        kind: definition.listKind,
        apiVersion: apiVersionOf(definition),
        metadata,
    };
    const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
    for (const [index, item] of items.entries()) {
        if (index > 0) parts.push(comma);
        parts.push(...item.wireParts());
    }
    parts.push(listEnd);
    return parts;
}

export async function encodeValue(value: object, media: Media): Promise<Buffer> {
    if (media.serializer === 'yaml') return Buffer.from(await toYaml(value));
    const text = media.isPretty ? `${JSON.stringify(value, undefined, 2)}\n` : JSON.stringify(value);
    return Buffer.from(text);
}
