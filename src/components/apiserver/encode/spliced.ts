import type { Column, ResourceDefinition } from '../../../api/groups/resource.ts';
import type { StoredObject } from '../stored-object.ts';
import type { MetaVersion } from './negotiate.ts';
import { columnsOf, metaVersionOf, type TableOptions, tableWith } from './table.ts';

/**
 * JSON of Tables and PartialObjectMetadata in pieces, whose metadata and objects are the stored bytes. They are what
 * `JSON.stringify` makes of `partialOf` and `tableOf`, byte for byte.
 *
 * A piece that is made here reaches from the stored bytes of one object to those of the next: two for each object.
 */
class Pieces {
    readonly #pieces: Buffer[] = [];
    #text = '';

    text(text: string): void {
        this.#text += text;
    }

    stored(bytes: Buffer): void {
        if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text));
        this.#text = '';
        if (bytes.length > 0) this.#pieces.push(bytes);
    }

    partial(object: StoredObject, head: string): void {
        const { stored, rest } = object.metadataParts();
        this.text(head);
        this.stored(stored);
        this.text(`${rest}}`);
    }

    whole(object: StoredObject): void {
        const { stored, version, rest } = object.objectParts();
        this.stored(stored);
        this.text(version);
        this.stored(rest);
    }

    end(): Buffer[] {
        this.stored(nothing);
        return this.#pieces;
    }
}

const nothing = Buffer.alloc(0);

const partialHead = (version: MetaVersion): string =>
    `{"kind":"PartialObjectMetadata","apiVersion":"${metaVersionOf(version)}","metadata":`;

export function partialParts(object: StoredObject, version: MetaVersion): Buffer[] {
    const pieces = new Pieces();
    pieces.partial(object, partialHead(version));
    return pieces.end();
}

export function partialListParts(
    objects: readonly StoredObject[],
    { version, metadata }: { version: MetaVersion; metadata: object },
): Buffer[] {
    const pieces = new Pieces();
    const head = { kind: 'PartialObjectMetadataList', apiVersion: metaVersionOf(version), metadata };
    pieces.text(`${openEnd(JSON.stringify(head))},"items":[`);
    const itemHead = partialHead(version);
    for (const [index, object] of objects.entries()) {
        if (index > 0) pieces.text(',');
        pieces.partial(object, itemHead);
    }
    pieces.text(']}');
    return pieces.end();
}

export function tableParts(
    definition: ResourceDefinition,
    objects: readonly StoredObject[],
    options: TableOptions,
): Buffer[] {
    const pieces = new Pieces();
    const columns = columnsOf(definition);
    // The rows, which are none yet, are its last member.
    pieces.text(openEnd(JSON.stringify(tableWith(columns, [], options)), 2));
    const itemHead = partialHead(options.version);
    for (const [index, object] of objects.entries()) {
        pieces.text(`${index > 0 ? ',' : ''}{"cells":${cellsOf(columns, object, options.nowMs)}`);
        if (options.includeObject !== 'None') pieces.text(',"object":');
        if (options.includeObject === 'Metadata') pieces.partial(object, itemHead);
        if (options.includeObject === 'Object') pieces.whole(object);
        pieces.text('}');
    }
    pieces.text(']}');
    return pieces.end();
}

function cellsOf(columns: readonly Column[], stored: StoredObject, nowMs: number): string {
    const { object } = stored;
    return JSON.stringify(columns.map((column) => column.value(object, nowMs)));
}

/** A JSON document without the brackets that close it. */
function openEnd(json: string, brackets = 1): string {
    return json.slice(0, -brackets);
}
