import { schema, type TypeSchema } from '../../../src/api/schema/schema.ts';
import { examples } from '../wrong-requests/objects.ts';
import { gadget } from './gadget.ts';
import type { Target } from './target.ts';

/** The namespace that generated requests write to. */
export const namespace = 'generated';
/** The names of the objects they speak of; nothing else has names that begin so. */
export const names = ['gen-a', 'gen-b'] as const;

/** A resource as discovery shows it, and what is known of its objects. */
export interface ServedResource {
    /** "/api/v1", "/apis/apps/v1". */
    root: string;
    apiVersion: string;
    plural: string;
    kind: string;
    namespaced: boolean;
    verbs: readonly string[];
    subresources: readonly string[];
    /** Undefined for custom resources. */
    type: TypeSchema | undefined;
    /** A valid object, where there is one. */
    example: Record<string, unknown> | undefined;
}

interface ResourceList {
    resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

/**
 * What a generated object of these would do to the server itself, rather than to its own fields: others'
 * requests would be refused, answered by nobody, or cost a connection to a made-up host.
 */
const dangerous = new Set([
    'ValidatingWebhookConfiguration',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicyBinding',
    'APIService',
]);

/** These are answered by a kubelet or by what runs in a pod, and there is none. */
const connecting = new Set(['proxy', 'exec', 'attach', 'portforward', 'log']);

/** Resources that generated requests are about, in the order of discovery. */
export async function servedResources(target: Target): Promise<ServedResource[]> {
    const read = async (path: string): Promise<unknown> => {
        const { code, text } = await target.send({ method: 'GET', path });
        if (code !== 200) throw new Error(`GET ${path}: ${text}`);
        return JSON.parse(text);
    };
    const groups = (await read('/apis')) as { groups: { versions: { groupVersion: string }[] }[] };
    const roots = groups.groups.flatMap(({ versions }) => versions.map((version) => version.groupVersion));
    const served: ServedResource[] = [];
    for (const apiVersion of ['v1', ...roots]) {
        const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
        const { resources } = (await read(root)) as ResourceList;
        for (const resource of resources) {
            if (resource.name.includes('/') || dangerous.has(resource.kind)) continue;
            const subresources = resources
                .filter(({ name }) => name.startsWith(`${resource.name}/`))
                .map(({ name }) => name.slice(resource.name.length + 1))
                .filter((name) => !connecting.has(name));
            served.push({
                ...resource,
                root,
                apiVersion,
                plural: resource.name,
                subresources,
                ...known(apiVersion, resource.kind),
            });
        }
    }
    return served;
}

function known(apiVersion: string, kind: string): Pick<ServedResource, 'type' | 'example'> {
    const [version, group] = apiVersion.split('/').reverse() as [string, string?];
    const name = schema().typeNameOf({ group: group ?? '', version, kind });
    const objects: { apiVersion?: string | undefined; kind?: string | undefined }[] = Object.values(
        examples,
    ).map(({ object }) => object);
    const example = [gadget, ...objects].find(
        (object) => object.apiVersion === apiVersion && object.kind === kind,
    );
    return {
        type: name === undefined ? undefined : schema().type(name),
        example,
    };
}

/** Where the objects of the runs are. */
export function collectionOf({ root, namespaced, plural }: ServedResource): string {
    return namespaced ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
}
