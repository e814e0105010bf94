import type { GroupVersionKind } from '../../meta/object.ts';
import { schema, type SchemaResource } from '../schema.ts';
import {
    connectParameters,
    deleteCollectionParameters,
    deleteParameters,
    listParameters,
    nameParameter,
    namespaceParameter,
    type Parameter,
    patchParameters,
    prettyParameter,
    proxyPathParameter,
    writeParameters,
} from './parameters.ts';
import { names } from './published-types.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

/** One operation, in a form that both OpenAPI versions are written from. Types are published names. */
export interface Operation {
    path: string;
    method: Method;
    operationId: string;
    description: string;
    tag: string;
    action?: string;
    gvk?: GroupVersionKind;
    pathParameters: readonly Parameter[];
    parameters: readonly Parameter[];
    body?: { type: string; required: boolean; mimeTypes: readonly string[] };
    /** Undefined for plain text. */
    response: string | undefined;
    /** Successful codes. */
    codes: readonly number[];
    produces: readonly string[];
}

/** A resource with the published names of its types; for built-in and custom resources alike. */
export interface DocumentedResource {
    group: string;
    version: string;
    plural: string;
    kind: string;
    namespaced: boolean;
    verbs: readonly string[];
    type: string;
    listType: string | undefined;
    strategicMerge: boolean;
    subresources: readonly DocumentedSubresource[];
}
export interface DocumentedSubresource {
    name: string;
    verbs: readonly string[];
    /** Undefined for those that stream or proxy. */
    type: string | undefined;
    gvk: GroupVersionKind | undefined;
}

const anyMime = ['*/*'];
const answerMimes = ['application/json', 'application/yaml'];
const watchMimes = [...answerMimes, 'application/json;stream=watch'];

/** "rbac.authorization.k8s.io" is "RbacAuthorization", as in the names of operations. */
function camelGroup(group: string): string {
    return (group === '' ? 'core' : group.replace(/\.k8s\.io$/, ''))
        .split('.')
        .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
        .join('');
}

export function tagOf(group: string, version = ''): string {
    const camel = camelGroup(group);
    return camel.charAt(0).toLowerCase() + camel.slice(1) + (version === '' ? '' : `_${version}`);
}

export function pathOf(group: string, version: string): string {
    return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function capitalize(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function patchMimes({ strategicMerge }: DocumentedResource): string[] {
    return [
        'application/json-patch+json',
        'application/merge-patch+json',
        ...(strategicMerge ? ['application/strategic-merge-patch+json'] : []),
        'application/apply-patch+yaml',
    ];
}

/** Writes the operations of one resource. */
class ResourceOperations {
    readonly #resource: DocumentedResource;
    readonly #operations: Operation[] = [];
    readonly #collection: string;
    readonly #base: string;

    constructor(resource: DocumentedResource) {
        const { group, version, plural, namespaced } = resource;
        this.#resource = resource;
        this.#base = pathOf(group, version);
        this.#collection = `${this.#base}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
    }

    all(): Operation[] {
        for (const verb of this.#resource.verbs) this.#verb(verb);
        for (const subresource of this.#resource.subresources) {
            if (subresource.type === undefined) this.#connect(subresource);
            else this.#subresource(subresource, subresource.type);
        }
        return this.#operations;
    }

    /** "createAppsV1NamespacedDeploymentScale" */
    #id(verb: string, suffix = '', infix = ''): string {
        const { group, version, kind, namespaced } = this.#resource;
        const scope = namespaced ? 'Namespaced' : '';
        return `${verb}${camelGroup(group)}${capitalize(version)}${infix}${scope}${kind}${suffix}`;
    }

    #add(operation: Omit<Operation, 'tag' | 'pathParameters'> & { extraPath?: readonly Parameter[] }): void {
        const { group, version, kind } = this.#resource;
        const { extraPath = [], ...rest } = operation;
        this.#operations.push({
            ...rest,
            tag: tagOf(group, version),
            pathParameters: [
                ...(rest.path.includes('/{name}') ? [nameParameter(kind)] : []),
                ...(rest.path.includes('{namespace}') ? [namespaceParameter] : []),
                ...extraPath,
            ],
        });
    }

    #gvk(): GroupVersionKind {
        const { group, version, kind } = this.#resource;
        return { group, version, kind };
    }

    #verb(verb: string): void {
        const { kind, type } = this.#resource;
        const object = `${this.#collection}/{name}`;
        switch (verb) {
            case 'create':
                this.#write({ path: this.#collection, verb, id: this.#id('create'), type });
                return;
            case 'update':
            case 'patch':
            case 'get':
                this.#write({ path: object, verb, id: this.#id(verbNames[verb]), type });
                return;
            case 'delete':
                this.#delete(object, 'delete', `Deletes a ${kind}.`);
                return;
            case 'deletecollection':
                this.#delete(
                    this.#collection,
                    'deletecollection',
                    `Deletes all selected objects of kind ${kind}.`,
                );
                return;
            case 'list':
                this.#list();
        }
    }

    #list(): void {
        const { kind, plural, namespaced, listType, group, version } = this.#resource;
        if (listType === undefined) return;
        const common = {
            method: 'get',
            description: `Lists or watches objects of kind ${kind}.`,
            action: 'list',
            gvk: this.#gvk(),
            parameters: [prettyParameter, ...listParameters],
            response: listType,
            codes: [200],
            produces: watchMimes,
        } as const;
        this.#add({ ...common, path: this.#collection, operationId: this.#id('list') });
        if (!namespaced) return;
        const operationId = `list${camelGroup(group)}${capitalize(version)}${kind}ForAllNamespaces`;
        this.#add({ ...common, path: `${this.#base}/${plural}`, operationId });
    }

    #delete(path: string, action: 'delete' | 'deletecollection', description: string): void {
        const collection = action === 'deletecollection';
        const { type, plural } = this.#resource;
        // Upstream answers with the object for few resources, and with a Status for most.
        const response = !collection && answersWithObject.has(plural) ? type : names.status;
        this.#add({
            path,
            method: 'delete',
            operationId: this.#id('delete', '', collection ? 'Collection' : ''),
            description,
            action,
            gvk: this.#gvk(),
            parameters: [prettyParameter, ...(collection ? deleteCollectionParameters : deleteParameters)],
            body: { type: names.deleteOptions, required: false, mimeTypes: anyMime },
            response,
            codes: collection ? [200] : [200, 202],
            produces: answerMimes,
        });
    }

    /** Creates, replaces, patches or reads an object or a subresource with a type. */
    #write(options: {
        path: string;
        verb: ObjectVerb;
        id: string;
        type: string;
        gvk?: GroupVersionKind;
        part?: string;
    }): void {
        const { path, verb, id, type, part = '' } = options;
        const { kind } = this.#resource;
        const bodies = {
            get: undefined,
            create: { type, required: true, mimeTypes: anyMime },
            update: { type, required: true, mimeTypes: anyMime },
            patch: { type: names.patch, required: true, mimeTypes: patchMimes(this.#resource) },
        };
        const body = bodies[verb];
        this.#add({
            path,
            method: methods[verb],
            operationId: id,
            description: `${sentences[verb]} ${part === '' ? 'a' : `the ${part} of a`} ${kind}.`,
            action: methods[verb],
            gvk: options.gvk ?? this.#gvk(),
            parameters: [prettyParameter, ...queryOf[verb]],
            ...(body === undefined ? {} : { body }),
            response: type,
            codes: codesOf[verb],
            produces: answerMimes,
        });
    }

    #subresource(subresource: DocumentedSubresource, type: string): void {
        const { name, verbs, gvk } = subresource;
        for (const verb of verbs) {
            if (!isObjectVerb(verb)) continue;
            this.#write({
                path: `${this.#collection}/{name}/${name}`,
                verb,
                id: this.#id(verbNames[verb], capitalize(name)),
                type,
                part: name,
                ...(gvk ? { gvk } : {}),
            });
        }
    }

    #connect({ name, verbs }: DocumentedSubresource): void {
        const { kind, group, version } = this.#resource;
        const path = `${this.#collection}/{name}/${name}`;
        const parameters = connectParameters[name] ?? [];
        if (name === 'log') {
            this.#add({
                path,
                method: 'get',
                operationId: this.#id('read', 'Log'),
                description: `Reads the log of a ${kind}.`,
                action: 'get',
                gvk: this.#gvk(),
                parameters: [prettyParameter, ...parameters],
                response: undefined,
                codes: [200],
                produces: ['text/plain', ...answerMimes],
            });
            return;
        }
        const options = `${kind}${connectNames[name] ?? capitalize(name)}`;
        const proxied = name === 'proxy';
        const used: readonly Method[] = proxied
            ? ['delete', 'get', 'head', 'options', 'patch', 'post', 'put']
            : (['get', 'post'] as const).filter((method) =>
                  verbs.includes(method === 'get' ? 'get' : 'create'),
              );
        for (const method of used) {
            const common = {
                method,
                description: `Connects ${method.toUpperCase()} requests to ${name} of a ${kind}.`,
                action: 'connect',
                gvk: { group, version, kind: `${options}Options` },
                response: undefined,
                codes: [200],
                produces: anyMime,
            };
            const suffix = capitalize(name);
            const id = (end: string) => this.#id('connect', suffix + end, capitalize(method));
            this.#add({ ...common, path, parameters, operationId: id('') });
            if (!proxied) continue;
            const below = { path: `${path}/{path}`, extraPath: [proxyPathParameter] };
            this.#add({ ...common, ...below, parameters, operationId: id('WithPath') });
        }
    }
}

type ObjectVerb = 'get' | 'create' | 'update' | 'patch';
const verbNames: Readonly<Record<ObjectVerb, string>> = {
    get: 'read',
    create: 'create',
    update: 'replace',
    patch: 'patch',
};
const methods: Readonly<Record<ObjectVerb, Method>> = {
    get: 'get',
    create: 'post',
    update: 'put',
    patch: 'patch',
};
const sentences: Readonly<Record<ObjectVerb, string>> = {
    get: 'Reads',
    create: 'Creates',
    update: 'Replaces',
    patch: 'Changes parts of',
};
const codesOf: Readonly<Record<ObjectVerb, readonly number[]>> = {
    get: [200],
    create: [200, 201, 202],
    update: [200, 201],
    patch: [200, 201],
};
const queryOf: Readonly<Record<ObjectVerb, readonly Parameter[]>> = {
    get: [],
    create: writeParameters,
    update: writeParameters,
    patch: patchParameters,
};
const connectNames: Readonly<Record<string, string>> = { portforward: 'PortForward' };
const answersWithObject = new Set([
    'persistentvolumeclaims',
    'persistentvolumes',
    'pods',
    'podtemplates',
    'resourcequotas',
    'serviceaccounts',
    'services',
    'csidrivers',
    'csinodes',
    'storageclasses',
    'volumeattachments',
    'deviceclasses',
    'resourceclaims',
    'resourceclaimtemplates',
    'resourceslices',
    'volumeattributesclasses',
]);

function isObjectVerb(verb: string): verb is ObjectVerb {
    return Object.hasOwn(verbNames, verb);
}

export function operationsOf(resource: DocumentedResource): Operation[] {
    return new ResourceOperations(resource).all();
}

/** A built-in resource, with the names under which its types are published. */
export function documentedResource(resource: SchemaResource): DocumentedResource {
    const { group, version, kind, listType } = resource;
    return {
        ...resource,
        type: schema().openApiNameOf(resource.type),
        listType: listType === undefined ? undefined : schema().openApiNameOf(listType),
        strategicMerge: true,
        subresources: Object.entries(resource.subresources).map(([name, { verbs, type }]) => ({
            name,
            verbs,
            type: type === undefined ? undefined : schema().openApiNameOf(type),
            gvk:
                type === undefined || type === resource.type
                    ? { group, version, kind }
                    : schema().peek(type).gvks[0],
        })),
    };
}

/** Operations that concern no resource: discovery and version. */
export function plainOperation(options: {
    path: string;
    operationId: string;
    tag: string;
    response: string;
    description: string;
}): Operation {
    return {
        ...options,
        method: 'get',
        pathParameters: [],
        parameters: [],
        codes: [200],
        produces: ['application/json'],
    };
}
