import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { apiVersionOf, type V1Status } from '../../../api/meta/object.ts';
import type { CacheEvent } from '../cache/cache-event.ts';
import type { StoredObject } from '../stored-object.ts';
import type { Shape } from './negotiate.ts';
import { partialParts, tableParts } from './spliced.ts';
import { metaVersionOf } from './table.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const frameEnd = Buffer.from('}\n');

/**
 * Makes the bytes of one watch's events. A frame depends on nothing but the event and the shape, so that
 * all watchers who want the same shape get the same buffer.
 */
export class WatchFramer {
    readonly #definition: ResourceDefinition;
    readonly #shape: Shape;
    readonly #variant: string;
    readonly #nowMs: () => number;
    /** Tables carry their column definitions in the first event only. */
    #hasColumns = false;

    constructor(definition: ResourceDefinition, shape: Shape, nowMs: () => number) {
        this.#definition = definition;
        this.#shape = shape;
        this.#nowMs = nowMs;
        const include = shape.type === 'table' ? `/${shape.includeObject}` : '';
        const version = shape.type === 'object' ? '' : `/${shape.version}`;
        this.#variant = `${apiVersionOf(definition)}/${shape.type}${version}${include}`;
    }

    event(type: EventType, object: StoredObject, event: CacheEvent): Buffer {
        const withColumns = this.#takeColumns();
        const make = (): Buffer => this.#frame(type, object, withColumns);
        return event.frame(`${this.#variant}/${type}${withColumns ? '/columns' : ''}`, make);
    }

    /** Of the initial state: to be made when it is written, in whatever order of calls. */
    later(type: EventType, object: StoredObject): () => Buffer {
        const withColumns = this.#takeColumns();
        return () => this.#frame(type, object, withColumns);
    }

    bookmark(resourceVersion: string, isInitialEventsEnd: boolean): Buffer {
        const metadata = {
            resourceVersion,
            ...(isInitialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
        };
        return encode('BOOKMARK', this.#bookmarkObject(metadata));
    }

    error(status: V1Status): Buffer {
        return encode('ERROR', status);
    }

    #takeColumns(): boolean {
        const withColumns = this.#shape.type === 'table' && !this.#hasColumns;
        this.#hasColumns ||= withColumns;
        return withColumns;
    }

    #frame(type: EventType, object: StoredObject, withColumns: boolean): Buffer {
        const head = Buffer.from(`{"type":"${type}","object":`);
        return Buffer.concat([head, ...this.#parts(object, withColumns), frameEnd]);
    }

    #parts(object: StoredObject, withColumns: boolean): Buffer[] {
        switch (this.#shape.type) {
            case 'object':
                return object.wireParts();
            case 'partial':
                return partialParts(object, this.#shape.version);
            case 'table':
                return tableParts(this.#definition, [object], {
                    version: this.#shape.version,
                    metadata: { resourceVersion: object.metadata.resourceVersion },
                    includeObject: this.#shape.includeObject,
                    nowMs: this.#nowMs(),
                    withColumns,
                });
        }
    }

    #bookmarkObject(metadata: object): object {
        switch (this.#shape.type) {
            case 'object':
                return { kind: this.#definition.kind, apiVersion: apiVersionOf(this.#definition), metadata };
            case 'partial':
                return {
                    kind: 'PartialObjectMetadata',
                    apiVersion: metaVersionOf(this.#shape.version),
                    metadata,
                };
            case 'table':
                return {
                    kind: 'Table',
                    apiVersion: metaVersionOf(this.#shape.version),
                    metadata,
                    columnDefinitions: [],
                    rows: [],
                };
        }
    }
}

function encode(type: string, object: object): Buffer {
    return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}
