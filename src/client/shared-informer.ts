import type { ApiObject, Stored } from '../api/meta/object.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { ResourceClient } from './client.ts';
import type { Informer, InformerHandler, Lister } from './informer.ts';
import { ObjectCache, type Change } from './object-cache.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

export interface SharedInformerOptions<T extends ApiObject> {
    resource: ResourceClient<T>;
    selection: ReflectorOptions<T>['selection'];
    logger: Logger;
    clock: Clock;
}

/**
 * A reflector, the cache it fills, and the handlers that are told. The cache is changed before handlers
 * are called, so a handler that reads the lister sees at least what it is told about.
 */
export class SharedInformer<T extends ApiObject> implements Informer<T> {
    readonly #cache = new ObjectCache<T>();
    readonly #handlers = new Set<InformerHandler<T>>();
    readonly #reflector: Reflector<T>;
    readonly #logger: Logger;
    readonly #waiting = new Set<() => void>();
    #synced = false;

    constructor(options: SharedInformerOptions<T>) {
        this.#logger = options.logger;
        this.#reflector = new Reflector<T>({
            ...options,
            sink: {
                replace: (objects) => this.#replace(objects),
                event: (type, object) =>
                    this.#deliver(type === 'DELETED' ? this.#cache.delete(object) : this.#cache.put(object)),
            },
        });
    }

    get lister(): Lister<T> {
        return this.#cache;
    }

    get synced(): boolean {
        return this.#synced;
    }

    addHandler(handler: InformerHandler<T>): () => void {
        for (const object of this.#cache.list()) this.#call(handler, { type: 'added', object });
        this.#handlers.add(handler);
        return () => this.#handlers.delete(handler);
    }

    addIndex(name: string, keysOf: (object: Stored<T>) => readonly string[]): void {
        this.#cache.addIndex(name, keysOf);
    }

    start(): void {
        this.#reflector.start();
    }

    async stop(): Promise<void> {
        await this.#reflector.stop();
    }

    async whenSynced(signal?: AbortSignal): Promise<void> {
        if (this.#synced) return;
        signal?.throwIfAborted();
        await new Promise<void>((resolve, reject) => {
            const finish = (): void => {
                this.#waiting.delete(finish);
                signal?.removeEventListener('abort', onAbort);
                resolve();
            };
            const onAbort = (): void => {
                this.#waiting.delete(finish);
                reject(new Error('aborted while waiting for the first list'));
            };
            this.#waiting.add(finish);
            signal?.addEventListener('abort', onAbort, { once: true });
        });
    }

    #replace(objects: readonly Stored<T>[]): void {
        for (const change of this.#cache.replace(objects)) this.#deliver(change);
        if (this.#synced) return;
        this.#synced = true;
        for (const finish of [...this.#waiting]) finish();
    }

    #deliver(change: Change<T> | undefined): void {
        if (change === undefined) return;
        for (const handler of this.#handlers) this.#call(handler, change);
    }

    #call(handler: InformerHandler<T>, change: Change<T>): void {
        try {
            switch (change.type) {
                case 'added':
                    handler.added?.(change.object);
                    break;
                case 'updated':
                    handler.updated?.(change.object, change.old);
                    break;
                case 'deleted':
                    handler.deleted?.(change.object);
            }
        } catch (error) {
            this.#logger.error({ err: error, change: change.type }, 'informer handler failed');
        }
    }
}
