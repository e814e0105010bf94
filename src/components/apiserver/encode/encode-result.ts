import { apiVersionOf, type V1ListMeta } from '../../../api/meta/object.ts';
import type { ListResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import type { Column, ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Media } from './negotiate.ts';
import { metaVersionOf, partialOf, tableOf, tableWith, type Tabular } from './table.ts';
import { toYaml } from './yaml.ts';

const comma = Buffer.from(',');
const listEnd = Buffer.from(']}');

/**
 * The answer as pieces to be sent one after the other. Plain JSON of stored objects is made of the stored
 * bytes themselves; every other form is built from the parsed objects.
 */
export async function encodeObject(
    object: StoredObject,
    definition: ResourceDefinition,
    media: Media,
    nowMs: number,
): Promise<Buffer[]> {
    const isVerbatim = media.serializer === 'json' && !media.isPretty && media.shape.type === 'object';
    if (isVerbatim) return object.wireParts();
    return [await encodeValue(shaped(object, definition, media, nowMs), media)];
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
        case 'table': {
            const metadata = { resourceVersion: object.metadata.resourceVersion };
            const { version, includeObject } = shape;
            const options = { version, metadata, includeObject, nowMs, withColumns: true };
            return tableOf(definition, [object], options);
        }
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
    const metadata = { resourceVersion: value.metadata.resourceVersion };
    const { version, includeObject } = shape;
    return tableWith(columns, [object], { version, metadata, includeObject, nowMs, withColumns: true });
}

export async function encodeList(list: ListResult, media: Media, nowMs: number): Promise<Buffer[]> {
    const { definition, items } = list;
    const metadata = listMetaOf(list);
    const { shape } = media;
    if (media.serializer === 'json' && !media.isPretty && shape.type === 'object') {
        return listParts(list, metadata);
    }
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
            const { version, includeObject } = shape;
            const options = { version, metadata, includeObject, nowMs, withColumns: true };
            return [await encodeValue(tableOf(definition, items, options), media)];
        }
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
