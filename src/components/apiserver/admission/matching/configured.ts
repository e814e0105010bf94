import type { ApiObject, GroupVersionResource, Stored } from '../../../../api/meta/object.ts';
import { followChanges } from '../../authz/follow-changes.ts';
import type { ObjectReader } from '../../object-reader.ts';

/**
 * What is configured by the objects of one resource, in the order of their names: parsed when it is first
 * asked for after a change, so that a request costs nothing where nothing is configured.
 */
export class Configured<T extends ApiObject, P> {
    readonly #reader: ObjectReader;
    readonly #resource: GroupVersionResource;
    readonly #parse: (object: Stored<T>) => P[];
    #parsed: readonly P[] | undefined;

    constructor(reader: ObjectReader, resource: GroupVersionResource, parse: (object: Stored<T>) => P[]) {
        this.#reader = reader;
        this.#resource = resource;
        this.#parse = parse;
        const forget = (): void => {
            this.#parsed = undefined;
        };
        followChanges(reader, resource, { changed: forget, filled: forget });
    }

    get all(): readonly P[] {
        return (this.#parsed ??= this.#reader
            .list<T>(this.#resource)
            .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
            .flatMap(this.#parse));
    }
}
