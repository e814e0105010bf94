import { dump } from 'js-yaml';
import type { Draw } from './draw.ts';
import { mutate, spoil } from './mutate.ts';
import { patchOf, patchTypes } from './patches.ts';
import { headersOf, oddPath, queryOf } from './paths.ts';
import { collectionOf, names, namespace, type ServedResource } from './resources.ts';
import { type Json, type JsonObject, objectOf, wildValue } from './values.ts';

/** One request; "@current@", "@stale@" and "@uid@" in path and text stand for those of the object when it is sent. */
export interface Step {
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: string | Buffer | undefined;
    /** The object that it is about; undefined for collections and odd paths. */
    name: string | undefined;
}

/** Requests in order, about the objects of one resource. */
export interface Scenario {
    resource: ServedResource;
    steps: Step[];
}

const stepsMax = 6;

/** @param resources those that have an example come more often than others */
export function scenarioOf(draw: Draw, resources: readonly ServedResource[]): Scenario {
    const withExample = resources.filter(({ example }) => example !== undefined);
    const resource = draw.pick(draw.chance(30) ? resources : withExample);
    const steps = [stepOf(draw, resource, true)];
    for (let more = draw.below(stepsMax); more > 0; more--) steps.push(stepOf(draw, resource, false));
    return { resource, steps };
}

/** Most requests are about one object, so that they meet. */
const nameOf = (draw: Draw): string => (draw.chance(20) ? names[1] : names[0]);

function stepOf(draw: Draw, resource: ServedResource, isFirst: boolean): Step {
    if (isFirst && draw.chance(70)) return createStep(draw, resource);
    return draw.oneOf<Step>([
        [4, () => createStep(draw, resource)],
        [4, () => patchStep(draw, resource)],
        [3, () => applyStep(draw, resource)],
        [3, () => updateStep(draw, resource)],
        [3, () => deleteStep(draw, resource)],
        [3, () => readStep(draw, resource)],
        [1, () => oddStep(draw, resource)],
    ]);
}

/** An object with this name: an example with some changes, or made from its type. */
function objectFor(draw: Draw, resource: ServedResource, name: string): JsonObject {
    const { example, type } = resource;
    const object =
        type !== undefined && (example === undefined || draw.chance(15))
            ? objectOf(draw, type)
            : (structuredClone(example ?? {}) as JsonObject);
    const changes = draw.pick([0, 0, 0, 1, 1, 2, 4]);
    const metadata: JsonObject = { name, labels: { app: 'gen' } };
    if (draw.chance(6)) metadata['finalizers'] = ['example.com/hold'];
    const whole: JsonObject = {
        ...object,
        apiVersion: resource.apiVersion,
        kind: resource.kind,
        metadata: resource.namespaced ? { ...metadata, namespace } : metadata,
    };
    for (let i = changes; i > 0; i--) mutate(draw, whole, type);
    return whole;
}

const subPath = (draw: Draw, resource: ServedResource): string =>
    resource.subresources.length > 0 && draw.chance(20) ? `/${draw.pick(resource.subresources)}` : '';

/** Text of a body, now and then spoiled. */
function textOf(draw: Draw, value: Json): string | Buffer {
    const text = JSON.stringify(value);
    return draw.chance(4) ? spoil(draw, text) : text;
}

function withType(draw: Draw, type: string): Record<string, string> {
    const wrong = [
        'text/plain',
        'application/xml',
        '',
        'x',
        'application/vnd.kubernetes.protobuf',
        'application/cbor',
        'application/yaml',
        'application/json; charset=utf-8',
        ...Object.values(patchTypes),
    ];
    return { ...headersOf(draw), 'content-type': draw.chance(3) ? draw.pick(wrong) : type };
}

function createStep(draw: Draw, resource: ServedResource): Step {
    const name = nameOf(draw);
    const sub = resource.verbs.includes('create') ? '' : subPath(draw, resource);
    const object = objectFor(draw, resource, name);
    const isYaml = draw.chance(8);
    return {
        method: 'POST',
        path: `${collectionOf(resource)}${sub === '' && !draw.chance(6) ? '' : `/${name}${subPath(draw, resource)}`}${queryOf(draw, 'POST')}`,
        headers: withType(draw, isYaml ? 'application/yaml' : 'application/json'),
        body: isYaml ? yamlOf(object) : textOf(draw, object),
        name,
    };
}

function yamlOf(value: JsonObject): string {
    return dump(value, { skipInvalid: true });
}

function updateStep(draw: Draw, resource: ServedResource): Step {
    const name = nameOf(draw);
    const object = objectFor(draw, resource, name);
    const { metadata } = object;
    if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) {
        const version = draw.pick(['@current@', undefined, '@stale@', '0', 'x', '99999999999']);
        if (version !== undefined) metadata['resourceVersion'] = version;
        if (draw.chance(10)) metadata['uid'] = draw.pick(['@uid@', 'x']);
    }
    return {
        method: 'PUT',
        path: `${collectionOf(resource)}/${name}${subPath(draw, resource)}${queryOf(draw, 'PUT')}`,
        headers: withType(draw, 'application/json'),
        body: textOf(draw, object),
        name,
    };
}

function patchStep(draw: Draw, resource: ServedResource): Step {
    const name = nameOf(draw);
    const kind = draw.pick(['merge', 'json', 'strategic'] as const);
    const patch = patchOf(draw, kind, { object: objectFor(draw, resource, name), resource });
    return {
        method: 'PATCH',
        path: `${collectionOf(resource)}/${name}${subPath(draw, resource)}${queryOf(draw, 'PATCH')}`,
        headers: withType(draw, patchTypes[kind]),
        body: textOf(draw, patch),
        name,
    };
}

function applyStep(draw: Draw, resource: ServedResource): Step {
    const name = nameOf(draw);
    const object = objectFor(draw, resource, name);
    const manager = draw.pick(['gen', 'gen', 'other']);
    const query = queryOf(draw, 'PATCH');
    return {
        method: 'PATCH',
        path: `${collectionOf(resource)}/${name}${subPath(draw, resource)}${query === '' ? '?' : `${query}&`}fieldManager=${manager}${draw.chance(40) ? '&force=true' : ''}`,
        headers: withType(draw, 'application/apply-patch+yaml'),
        body: draw.chance(40) ? yamlOf(object) : textOf(draw, object),
        name,
    };
}

function deleteStep(draw: Draw, resource: ServedResource): Step {
    const isAll = resource.namespaced && draw.chance(25);
    const name = isAll ? undefined : nameOf(draw);
    const step: Step = {
        method: 'DELETE',
        path: `${collectionOf(resource)}${name === undefined ? '' : `/${name}`}${queryOf(draw, 'DELETE')}`,
        headers: withType(draw, 'application/json'),
        name,
    };
    if (draw.chance(50)) {
        const options: JsonObject = {
            kind: 'DeleteOptions',
            apiVersion: draw.pick(['v1', resource.apiVersion, 'meta.k8s.io/v1', 'x/y/z']),
        };
        const add = (field: string, values: readonly Json[]): void => {
            if (draw.chance(30)) options[field] = draw.pick(values);
        };
        add('propagationPolicy', ['Foreground', 'Orphan', 'Background', 'x', null, 1]);
        add('gracePeriodSeconds', [0, 1, -1, 1.5, '1', 1e30]);
        add('preconditions', [
            { uid: 'x' },
            { resourceVersion: '@current@' },
            { resourceVersion: '@stale@' },
            {},
            null,
            [],
            { uid: 1 },
        ]);
        add('dryRun', [['All'], [], ['x'], 'All', null, ['All', 'All']]);
        add('orphanDependents', [true, false, 'x']);
        step.body = textOf(draw, options);
    }
    return step;
}

function readStep(draw: Draw, resource: ServedResource): Step {
    const method = draw.pick(['GET', 'GET', 'GET', 'HEAD']);
    const isList = draw.chance(60);
    const name = isList ? undefined : nameOf(draw);
    return {
        method,
        path: `${collectionOf(resource)}${name === undefined ? '' : `/${name}${subPath(draw, resource)}`}${queryOf(draw, method)}`,
        headers: headersOf(draw),
        name,
    };
}

function oddStep(draw: Draw, resource: ServedResource): Step {
    const method = draw.pick([
        'GET',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'HEAD',
        'TRACE',
        'PROPFIND',
    ]);
    const path = oddPath(draw, resource);
    const object = draw.chance(50) ? objectFor(draw, resource, nameOf(draw)) : wildValue(draw);
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'TRACE';
    return {
        method: method === 'DELETE' && !isOwn(path) ? 'GET' : method,
        path: `${path}${queryOf(draw, method)}`,
        headers: withType(draw, method === 'PATCH' ? patchTypes.merge : 'application/json'),
        body: hasBody ? textOf(draw, object) : undefined,
        name: undefined,
    };
}

/** What may be deleted by a path with a mistake: nothing that the server or another run needs. */
const isOwn = (path: string): boolean => /\/namespaces\/generated\/[^/]+(\/|$)|\/gen-[ab]$/.test(path);
