import { type Cluster, eventually, type Thing } from './cluster.ts';

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface Schema {
    [keyword: string]: unknown;
}

export interface DefinitionVersion {
    name: string;
    served: boolean;
    storage: boolean;
    schema: { openAPIV3Schema: Schema };
    [field: string]: unknown;
}

export interface CustomResourceDefinition extends Thing {
    spec: {
        group: string;
        scope: string;
        names: Record<string, string>;
        versions: DefinitionVersion[];
        conversion?: object;
    };
    status?: {
        conditions?: { type: string; status: string; reason?: string; message?: string }[];
        storedVersions?: string[];
        acceptedNames?: Record<string, string>;
    };
}

/** Takes any object. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** The first of these versions is stored, all are served. */
export function versions(names: readonly string[], schema: Schema = anything): DefinitionVersion[] {
    return names.map((name, at) => ({
        name,
        served: true,
        storage: at === 0,
        schema: { openAPIV3Schema: schema },
    }));
}

/** Where the objects of a definition are. */
export class CustomResource {
    readonly group: string;
    readonly plural: string;
    readonly kind: string;
    readonly #namespaced: boolean;

    constructor({ spec }: CustomResourceDefinition) {
        this.group = spec.group;
        this.plural = spec.names['plural'] ?? '';
        this.kind = spec.names['kind'] ?? '';
        this.#namespaced = spec.scope === 'Namespaced';
    }

    get definition(): string {
        return `${definitionsPath}/${this.plural}.${this.group}`;
    }

    path(version: string, namespace = ''): string {
        const inside = this.#namespaced && namespace !== '' ? `namespaces/${namespace}/` : '';
        return `/apis/${this.group}/${version}/${inside}${this.plural}`;
    }

    object(version: string, name: string, fields: object = {}): object {
        return { apiVersion: `${this.group}/${version}`, kind: this.kind, metadata: { name }, ...fields };
    }
}

export interface DefinitionOptions {
    group: string;
    /** Singular, of letters and digits; the plural has an "s". */
    name: string;
    versions: DefinitionVersion[];
    scope?: 'Namespaced' | 'Cluster';
    labels?: Record<string, string>;
    conversion?: object;
}

export function definitionOf({ group, name, ...options }: DefinitionOptions): CustomResourceDefinition {
    const { scope = 'Namespaced', labels = {}, conversion } = options;
    const kind = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
    const names = { plural: `${name}s`, singular: name, kind, listKind: `${kind}List` };
    return {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${name}s.${group}`, labels } as Thing['metadata'],
        spec: {
            ...{ group, scope, names, versions: options.versions },
            ...(conversion === undefined ? {} : { conversion }),
        },
    };
}

/** Creates a definition and waits until each of its versions is served, as discovery tells. */
export async function define(cluster: Cluster, options: DefinitionOptions): Promise<CustomResource> {
    const created = await cluster.create<CustomResourceDefinition>(definitionsPath, definitionOf(options));
    const resource = new CustomResource(created);
    await eventually(`${resource.plural} are established`, async () => {
        const { status } = await cluster.get<CustomResourceDefinition>(resource.definition);
        return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
    });
    for (const { name, served } of created.spec.versions) {
        if (!served) continue;
        await eventually(`${resource.plural} are served in ${name}`, async () => {
            const { status, text } = await cluster.call('GET', `/apis/${resource.group}/${name}`);
            if (status !== 200) return false;
            const { resources } = JSON.parse(text) as { resources: { name: string }[] };
            return resources.some((each) => each.name === resource.plural);
        });
    }
    return resource;
}

/** Deletes a definition with all of its objects. */
export async function undefine(cluster: Cluster, resource: CustomResource): Promise<void> {
    await cluster.call('DELETE', resource.definition);
    await eventually(`${resource.plural} are gone`, async () => {
        return (await cluster.find(resource.definition)) === undefined;
    });
}
