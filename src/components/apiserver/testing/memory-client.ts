import type { ApiObject, GroupVersionResource, Stored } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Client, ObjectRef, ResourceClient } from '../../../client/client.ts';
import type { MemoryReader } from './memory-reader.ts';

/**
 * A client whose writes land in a MemoryReader; tests read from `writes` what was done. Methods that no
 * test needs reject.
 */
export class MemoryClient implements Client {
    readonly writes: string[] = [];
    readonly #reader: MemoryReader;
    #version = 0;
    /** Called before each update; throw to simulate a conflict. */
    beforeUpdate: (object: ApiObject) => void = () => undefined;

    constructor(reader: MemoryReader) {
        this.#reader = reader;
    }

    resource<T extends ApiObject>(type: GroupVersionResource): ResourceClient<T> {
        const subject = (name: string | undefined) => ({ group: type.group, resource: type.resource, name });
        const find = ({ namespace, name }: ObjectRef) => this.#reader.get<T>(type, namespace ?? '', name);
        const unsupported = () => Promise.reject(new Error('not supported by the memory client'));
        const store = (verb: string, object: T): Promise<Stored<T>> => {
            const name = object.metadata?.name ?? '';
            this.#version += 1;
            const stored = {
                ...object,
                metadata: { ...object.metadata, name, resourceVersion: String(this.#version) },
            };
            this.writes.push(`${verb} ${type.resource} ${name}`);
            this.#reader.set(type, stored);
            return Promise.resolve(stored);
        };
        const update = async (object: T) => {
            this.beforeUpdate(object);
            return await store('update', object);
        };
        return {
            get: (ref) => {
                const found = find(ref);
                return found === undefined
                    ? Promise.reject(statusErrors.notFound(subject(ref.name)))
                    : Promise.resolve(found);
            },
            list: (options) =>
                Promise.resolve({
                    metadata: { resourceVersion: String(this.#version) },
                    items: this.#reader.list<T>(type, options?.namespace),
                }),
            create: async (object) => {
                const { namespace, name = '' } = object.metadata ?? {};
                if (find({ namespace, name }) !== undefined) throw statusErrors.alreadyExists(subject(name));
                return await store('create', object);
            },
            update,
            updateStatus: update,
            delete: (ref) => {
                const found = find(ref);
                if (found === undefined) return Promise.reject(statusErrors.notFound(subject(ref.name)));
                this.writes.push(`delete ${type.resource} ${ref.name}`);
                this.#reader.remove(type, found);
                return Promise.resolve();
            },
            watch: unsupported,
            patch: unsupported,
            deleteCollection: unsupported,
            createSubresource: unsupported,
        };
    }

    request(): Promise<unknown> {
        return Promise.reject(new Error('not supported by the memory client'));
    }

    close(): void {
        // Nothing is open.
    }
}
