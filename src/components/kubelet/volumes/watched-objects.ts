import { isReason } from '../../../api/meta/status-error.ts';
import type { ApiObject, V1Pod } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import * as types from '../../../client/resource-type.ts';
import type { ResourceType } from '../../../client/resource-type.ts';
import type { TransportWatch } from '../../../client/transport.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { podNamespace, podUid } from '../pod/pod.ts';
import type { ObjectSource } from './object-source.ts';
import { referencedObjects } from './referenced-objects.ts';

/** How long an object counts as current when it cannot be watched. */
const unwatchedTtlMs = 60_000;
/** Objects are few: two per pod or so. Beyond this nothing is cached. */
const entriesMax = 5000;

interface Entry {
    object: ApiObject | undefined;
    watch: TransportWatch | undefined;
    /** Monotonic time until which an unwatched object may be used. */
    expiresAtMs: number;
    loading: Promise<void> | undefined;
    users: Set<string>;
}

/**
 * ConfigMaps and Secrets of this node's pods, each fetched once and then watched by name (the Node
 * authorizer allows no more). A change calls `onChange` with the uids of the pods that refer to it.
 */
export class WatchedObjects implements ObjectSource {
    readonly #client: Client;
    readonly #clock: Clock;
    readonly #logger: Logger;
    readonly #onChange: (podUid: string) => void;
    readonly #entries = new Map<string, Entry>();
    #stopped = false;

    constructor(options: {
        client: Client;
        clock: Clock;
        logger: Logger;
        onChange: (podUid: string) => void;
    }) {
        this.#client = options.client;
        this.#clock = options.clock;
        this.#logger = options.logger;
        this.#onChange = options.onChange;
    }

    /** Keeps what the pod refers to watched until `unregister`. */
    register(pod: V1Pod): void {
        const wanted = new Set(
            referencedObjects(pod).map(({ kind, name }) => `${kind}/${podNamespace(pod)}/${name}`),
        );
        for (const key of wanted) this.#entry(key).users.add(podUid(pod));
        for (const [key, entry] of this.#entries)
            if (!wanted.has(key)) this.#dropUser(key, entry, podUid(pod));
    }

    unregister(uid: string): void {
        for (const [key, entry] of this.#entries) this.#dropUser(key, entry, uid);
    }

    async configMap(namespace: string, name: string) {
        return await this.#get(types.configMaps, namespace, name);
    }

    async secret(namespace: string, name: string) {
        return await this.#get(types.secrets, namespace, name);
    }

    async persistentVolumeClaim(namespace: string, name: string) {
        return await this.#fetch(types.persistentVolumeClaims, namespace, name);
    }

    async persistentVolume(name: string) {
        return await this.#fetch(types.persistentVolumes, undefined, name);
    }

    stop(): void {
        this.#stopped = true;
        for (const entry of this.#entries.values()) entry.watch?.stop();
        this.#entries.clear();
    }

    #entry(key: string): Entry {
        let entry = this.#entries.get(key);
        if (entry === undefined) {
            entry = {
                object: undefined,
                watch: undefined,
                expiresAtMs: 0,
                loading: undefined,
                users: new Set(),
            };
            if (this.#entries.size < entriesMax) this.#entries.set(key, entry);
        }
        return entry;
    }

    #dropUser(key: string, entry: Entry, uid: string): void {
        if (!entry.users.delete(uid) || entry.users.size > 0) return;
        entry.watch?.stop();
        this.#entries.delete(key);
    }

    async #get<T extends ApiObject>(
        type: ResourceType<T>,
        namespace: string,
        name: string,
    ): Promise<T | undefined> {
        const entry = this.#entry(`${type.kind}/${namespace}/${name}`);
        if (entry.watch === undefined && this.#clock.monotonicMs() >= entry.expiresAtMs) {
            entry.loading ??= this.#load(type, { namespace, name }, entry).finally(() => {
                entry.loading = undefined;
            });
            await entry.loading;
        }
        return entry.object as T | undefined;
    }

    async #load<T extends ApiObject>(
        type: ResourceType<T>,
        ref: { namespace: string; name: string },
        entry: Entry,
    ): Promise<void> {
        const fieldSelector = `metadata.name=${ref.name}`;
        const list = await this.#client.resource(type).list({ namespace: ref.namespace, fieldSelector });
        entry.object = list.items[0];
        // What is missing is asked for again at the next sync, and its creation watched for as well.
        entry.expiresAtMs = entry.object === undefined ? 0 : this.#clock.monotonicMs() + unwatchedTtlMs;
        if (entry.users.size === 0 || this.#stopped) return;
        try {
            await this.#watch(type, { ...ref, resourceVersion: list.metadata.resourceVersion }, entry);
        } catch (error) {
            this.#logger.debug({ err: error, kind: type.kind, ...ref }, 'cannot watch a referenced object');
        }
    }

    async #watch<T extends ApiObject>(
        type: ResourceType<T>,
        {
            namespace,
            name,
            resourceVersion,
        }: { namespace: string; name: string; resourceVersion: string | undefined },
        entry: Entry,
    ): Promise<void> {
        const watch = await this.#client.resource(type).watch(
            {
                namespace,
                fieldSelector: `metadata.name=${name}`,
                ...(resourceVersion === undefined ? {} : { resourceVersion }),
            },
            {
                onEvent: ({ type: event, object }) => {
                    if (event === 'BOOKMARK' || event === 'ERROR') return;
                    const next = event === 'DELETED' ? undefined : object;
                    if (next?.metadata?.resourceVersion === entry.object?.metadata?.resourceVersion) return;
                    entry.object = next;
                    for (const uid of entry.users) this.#onChange(uid);
                },
                onEnd: () => {
                    entry.watch = undefined;
                    entry.expiresAtMs = 0;
                },
            },
        );
        if (this.#stopped || entry.users.size === 0) watch.stop();
        else entry.watch = watch;
    }

    async #fetch<T extends ApiObject>(
        type: ResourceType<T>,
        namespace: string | undefined,
        name: string,
    ): Promise<T | undefined> {
        try {
            return await this.#client.resource(type).get({ namespace, name });
        } catch (error) {
            if (isReason(error, 'NotFound')) return undefined;
            throw error;
        }
    }
}
