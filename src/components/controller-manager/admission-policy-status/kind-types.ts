import type { CelType } from '../../../api/cel/cel.ts';
import { type OpenApiSchema, OpenApiTypes } from '../../../api/cel/environments/openapi-types.ts';
import type { V1APIResourceList } from '../../../api/meta/object.ts';
import { StatusError } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import type { Kind, Resource } from './checked-kinds.ts';

/** What the API server says of its kinds; asked once for each group and version. */
export class KindTypes {
    readonly #client: Client;
    readonly #resources = new Map<string, Promise<V1APIResourceList['resources']>>();
    readonly #types = new Map<string, Promise<OpenApiTypes>>();

    constructor(client: Client) {
        this.#client = client;
    }

    /** Undefined for a resource that is not served. */
    async kindOf({ group, version, resource }: Resource): Promise<Kind | undefined> {
        const path = pathOf(group, version);
        let asked = this.#resources.get(path);
        if (asked === undefined) {
            asked = this.#read(`/${path}`).then(
                (list) => (list as V1APIResourceList | undefined)?.resources ?? [],
            );
            this.#resources.set(path, asked);
        }
        const found = (await asked).find(({ name }) => name === resource);
        return found && { group, version, kind: found.kind };
    }

    /** Undefined for a kind that no document describes. */
    async typeOf({ group, version, kind }: Kind): Promise<CelType | undefined> {
        const path = pathOf(group, version);
        let asked = this.#types.get(path);
        if (asked === undefined) {
            asked = this.#read(`/openapi/v3/${path}`).then(
                (document) => new OpenApiTypes(schemasOf(document)),
            );
            this.#types.set(path, asked);
        }
        return (await asked).typeOfKind(group, version, kind);
    }

    async #read(path: string): Promise<unknown> {
        try {
            return await this.#client.request({ method: 'GET', path });
        } catch (error) {
            if (error instanceof StatusError && error.code === 404) return undefined;
            throw error;
        }
    }
}

function pathOf(group: string, version: string): string {
    return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function schemasOf(document: unknown): Record<string, OpenApiSchema> {
    const { components } = (document ?? {}) as { components?: { schemas?: Record<string, OpenApiSchema> } };
    return components?.schemas ?? {};
}
