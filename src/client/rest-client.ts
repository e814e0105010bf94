import { apiVersionOf, type ApiList, type ApiObject, type Stored } from '../api/meta/object.ts';
import type {
    Client,
    DeleteOptions,
    ListOptions,
    ObjectRef,
    Patch,
    RawRequest,
    ResourceClient,
    WatchOptions,
    WriteOptions,
} from './client.ts';
import { collectionPath, type ResourceType } from './resource-type.ts';
import { statusErrorOf } from './status-body.ts';
import type { Transport, TransportRequest, TransportWatch, WatchHandler } from './transport.ts';

/** The typed client over any transport. */
export function createClient(transport: Transport): Client {
    const request = async (raw: TransportRequest): Promise<unknown> => {
        const { status, body } = await transport.request(raw);
        if (status >= 400) throw statusErrorOf(status, body);
        return body;
    };
    return {
        resource: <T extends ApiObject>(type: ResourceType<T>) =>
            new RestResourceClient<T>(type, transport, request),
        request: async (raw: RawRequest) => await request(raw),
        close: () => transport.close(),
    };
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Empty and absent parameters are left out; `key=value` pairs keep their order. */
function withQuery(path: string, query: Query): string {
    const pairs: string[] = [];
    for (const [key, value] of Object.entries(query)) {
        if (value === undefined || value === '' || value === false) continue;
        pairs.push(`${key}=${encodeURIComponent(String(value === true ? 'true' : value))}`);
    }
    return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

const listQuery = (options: ListOptions): Query => ({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
});

const writeQuery = (options: WriteOptions | undefined): Query => ({
    dryRun: options?.dryRun === true ? 'All' : undefined,
    fieldManager: options?.fieldManager,
});

const patchContentTypes: Readonly<Record<Patch['type'], string>> = {
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
    json: 'application/json-patch+json',
};

class RestResourceClient<T extends ApiObject> implements ResourceClient<T> {
    readonly #type: ResourceType<T>;
    readonly #transport: Transport;
    readonly #request: (request: TransportRequest) => Promise<unknown>;

    constructor(
        type: ResourceType<T>,
        transport: Transport,
        request: (request: TransportRequest) => Promise<unknown>,
    ) {
        this.#type = type;
        this.#transport = transport;
        this.#request = request;
    }

    async get(
        ref: ObjectRef,
        options: { resourceVersion?: string; subresource?: string } = {},
    ): Promise<Stored<T>> {
        const path = withQuery(this.#objectPath(ref, options.subresource), {
            resourceVersion: options.resourceVersion,
        });
        return (await this.#request({ method: 'GET', path })) as Stored<T>;
    }

    async list(options: ListOptions = {}): Promise<ApiList<Stored<T>>> {
        const path = withQuery(collectionPath(this.#type, options.namespace), listQuery(options));
        const list = (await this.#request({ method: 'GET', path })) as ApiList<Stored<T>>;
        return { ...list, items: this.#typed(list.items) };
    }

    async watch(options: WatchOptions, handler: WatchHandler): Promise<TransportWatch> {
        const path = withQuery(collectionPath(this.#type, options.namespace), {
            watch: '1',
            ...listQuery(options),
            allowWatchBookmarks: options.allowWatchBookmarks,
            sendInitialEvents: options.sendInitialEvents,
            timeoutSeconds: options.timeoutSeconds,
        });
        return await this.#transport.watch({ method: 'GET', path }, handler);
    }

    async create(object: T, options?: WriteOptions): Promise<Stored<T>> {
        const { namespace, name } = object.metadata ?? {};
        const path =
            options?.subresource === undefined
                ? collectionPath(this.#type, namespace)
                : this.#objectPath({ namespace, name: name ?? '' }, options.subresource);
        return await this.#write('POST', withQuery(path, writeQuery(options)), object);
    }

    async update(object: T, options?: WriteOptions): Promise<Stored<T>> {
        const { namespace, name = '' } = object.metadata ?? {};
        const path = this.#objectPath({ namespace, name }, options?.subresource);
        return await this.#write('PUT', withQuery(path, writeQuery(options)), object);
    }

    async updateStatus(object: T, options?: WriteOptions): Promise<Stored<T>> {
        return await this.update(object, { ...options, subresource: 'status' });
    }

    async patch(ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<Stored<T>> {
        return (await this.#request({
            method: 'PATCH',
            path: withQuery(this.#objectPath(ref, options?.subresource), writeQuery(options)),
            body: patch.body,
            contentType: patchContentTypes[patch.type],
        })) as Stored<T>;
    }

    async delete(ref: ObjectRef, options?: DeleteOptions): Promise<void> {
        await this.#request({ method: 'DELETE', path: this.#objectPath(ref), ...deleteBody(options) });
    }

    async deleteCollection(list: ListOptions, options?: DeleteOptions): Promise<void> {
        const path = withQuery(collectionPath(this.#type, list.namespace), listQuery(list));
        await this.#request({ method: 'DELETE', path, ...deleteBody(options) });
    }

    async createSubresource(ref: ObjectRef, subresource: string, body: object): Promise<unknown> {
        return await this.#request({ method: 'POST', path: this.#objectPath(ref, subresource), body });
    }

    async #write(method: 'POST' | 'PUT', path: string, object: T): Promise<Stored<T>> {
        const typed =
            object.kind === undefined || object.apiVersion === undefined
                ? { ...object, apiVersion: apiVersionOf(this.#type), kind: this.#type.kind }
                : object;
        return (await this.#request({ method, path, body: typed })) as Stored<T>;
    }

    #objectPath({ namespace, name }: ObjectRef, subresource?: string): string {
        if (name === '') throw new TypeError(`a ${this.#type.kind} without name cannot be addressed`);
        if (this.#type.namespaced && !namespace) {
            throw new TypeError(`${this.#type.kind} ${name} cannot be addressed without namespace`);
        }
        const scope = this.#type.namespaced ? namespace : undefined;
        const path = `${collectionPath(this.#type, scope)}/${encodeURIComponent(name)}`;
        return subresource === undefined ? path : `${path}/${subresource}`;
    }

    /** Items of a JSON list carry neither kind nor apiVersion; readers of single objects expect them. */
    #typed(items: readonly Stored<T>[] | undefined): Stored<T>[] {
        const apiVersion = apiVersionOf(this.#type);
        return (items ?? []).map((item) =>
            item.kind === undefined ? { ...item, apiVersion, kind: this.#type.kind } : item,
        );
    }
}

function deleteBody(options: DeleteOptions | undefined): { body?: object } {
    if (options === undefined) return {};
    return { body: { apiVersion: 'v1', kind: 'DeleteOptions', ...options } };
}
