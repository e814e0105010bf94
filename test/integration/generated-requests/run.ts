import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../support/api-server.ts';
import { gadget, gadgetDefinition } from './gadget.ts';
import {
    complaintsAboutForm,
    complaintsAboutWrite,
    comparable,
    hasObjects,
    isSettling,
    sameState,
    type ServedObject,
    shown,
    type State,
} from './properties.ts';
import { collectionOf, namespace, type ServedResource } from './resources.ts';
import type { Scenario, Step } from './scenario.ts';
import type { GeneratedAnswer, Target } from './target.ts';

/** A stream of events that should come at once. */
const replayTimeoutMs = 3_000;
/** A watch that a step asks for is left when it has been quiet for so long. */
const watchQuietMs = 30;

export class PropertyViolation extends Error {
    /** What was wrong, without numbers: the same for all that go wrong alike. */
    readonly signature: string;

    constructor(complaint: string, transcript: readonly string[]) {
        super(`${complaint}\n${transcript.join('\n')}`);
        this.signature = complaint.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#').slice(0, 120);
    }
}

interface Listed {
    resourceVersion: string;
    state: State;
}

/** Runs scenarios against one server; each begins and ends without objects of its own. */
export class ScenarioRunner {
    readonly #target: Target;
    /** Signatures that are passed over. */
    readonly #known: ReadonlySet<string>;
    /** What was there before, by collection. */
    readonly #background = new Map<string, ReadonlySet<string>>();
    requests = 0;
    accepted = 0;

    constructor(target: Target, known: ReadonlySet<string> = new Set()) {
        this.#target = target;
        this.#known = known;
    }

    /** Throws PropertyViolation. */
    async run({ resource, steps }: Scenario): Promise<void> {
        const transcript: string[] = [];
        try {
            await this.#runSteps(resource, steps, transcript);
        } catch (error) {
            if (error instanceof PropertyViolation) throw error;
            this.#check([`no answer: ${error instanceof Error ? error.message : String(error)}`], transcript);
        } finally {
            if (hasObjects(resource)) await this.#clean(resource);
        }
    }

    async #runSteps(resource: ServedResource, steps: readonly Step[], transcript: string[]): Promise<void> {
        const first = await this.#list(resource);
        let before = first.state;
        const versions = new Map<string, string>();
        for (const step of steps) {
            const ready = withPlaceholders(step, before, versions);
            for (const [name, object] of before)
                versions.set(name, versions.get(name) ?? object.metadata.resourceVersion);
            const { method, path, headers, body } = ready;
            transcript.push(`> ${method} ${path} ${JSON.stringify(headers)}\n  ${shownBody(body)}`);
            const answer = await this.#send({
                ...ready,
                quietMs: /watch/.test(path) ? watchQuietMs : undefined,
            });
            transcript.push(`< ${answer.code} ${answer.text.slice(0, 800)}`);
            const errors = this.#target.takeErrors?.() ?? [];
            this.#check(
                errors.map((line) => `an error was logged: ${line}`),
                transcript,
            );
            this.requests += 1;
            if (answer.code < 300 && method !== 'GET' && method !== 'HEAD') this.accepted += 1;
            this.#check(complaintsAboutForm(ready, answer), transcript);
            const after = hasObjects(resource) ? (await this.#list(resource)).state : before;
            this.#check(complaintsAboutWrite(resource, ready, { answer, before, after }), transcript);
            before = after;
        }
        const { code, text } = await this.#send({ method: 'GET', path: '/readyz' });
        if (code !== 200) this.#check([`readyz says ${code} ${text.slice(0, 300)}`], transcript);
        if (!hasObjects(resource)) return;
        if (resource.verbs.includes('watch')) this.#check(await this.#replay(resource, first), transcript);
        if (resource.verbs.includes('update'))
            this.#check(await this.#putUnchanged(resource, before), transcript);
    }

    #check(complaints: readonly string[], transcript: readonly string[]): void {
        for (const complaint of complaints) {
            const violation = new PropertyViolation(complaint, transcript);
            if (!this.#known.has(violation.signature)) throw violation;
        }
    }

    async #send(request: Parameters<Target['send']>[0]): Promise<GeneratedAnswer> {
        return await this.#target.send(request);
    }

    async #list(resource: ServedResource): Promise<Listed> {
        if (!hasObjects(resource)) return { resourceVersion: '', state: new Map() };
        const collection = collectionOf(resource);
        const { code, text } = await this.#send({ method: 'GET', path: collection });
        if (code !== 200) throw new Error(`GET ${collection}: ${code} ${text.slice(0, 300)}`);
        const { items, metadata } = JSON.parse(text) as {
            items: ServedObject[];
            metadata: { resourceVersion: string };
        };
        let background = this.#background.get(collection);
        if (background === undefined) {
            background = new Set(items.map((item) => item.metadata.uid));
            this.#background.set(collection, background);
        }
        const own = items.filter((item) => !background.has(item.metadata.uid));
        return {
            resourceVersion: metadata.resourceVersion,
            state: new Map(own.map((item) => [item.metadata.name, item])),
        };
    }

    /** The events since then, on top of what was there then, are what is there now. */
    async #replay(resource: ServedResource, from: Listed): Promise<string[]> {
        const collection = collectionOf(resource);
        const { state: expected } = await this.#list(resource);
        const background = this.#background.get(collection)!;
        const replayed = (text: string): State => {
            const state = new Map(from.state);
            for (const line of text.split('\n').slice(0, -1)) {
                const { type, object } = JSON.parse(line) as { type: string; object: ServedObject };
                if (type === 'ERROR') throw new Error(`the watch ended: ${line}`);
                if (background.has(object.metadata.uid)) continue;
                if (type === 'DELETED') state.delete(object.metadata.name);
                else state.set(object.metadata.name, object);
            }
            return state;
        };
        if (sameState(resource, from.state, expected)) return [];
        const { text } = await this.#send({
            method: 'GET',
            path: `${collection}?watch=true&resourceVersion=${from.resourceVersion}`,
            quietMs: replayTimeoutMs,
            enough: (received) => sameState(resource, replayed(received), expected),
        });
        if (sameState(resource, replayed(text), expected)) return [];
        return [
            `a watch gives another state than a list: ${shown([...replayed(text)])}, not ${shown([...expected])}`,
        ];
    }

    /** What is served is valid, and a PUT of it is no change. */
    async #putUnchanged(resource: ServedResource, state: State): Promise<string[]> {
        for (const [name, object] of state) {
            const path = `${collectionOf(resource)}/${encodeURIComponent(name)}`;
            const unchanged = { ...object, apiVersion: resource.apiVersion, kind: resource.kind };
            const { code, text } = await this.#send({
                method: 'PUT',
                path,
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify(unchanged),
            });
            // Somebody else has written in between: the server itself.
            if (code === 409 && isSettling(resource)) continue;
            if (code !== 200) return [`refused unchanged: ${resource.kind}: ${code} ${text.slice(0, 800)}`];
            const answered = JSON.parse(text) as ServedObject;
            if (isReconciled(object, answered)) continue;
            if (!isDeepStrictEqual(comparable(resource, answered), comparable(resource, object)))
                return [
                    `a PUT of what is there changed it: ${resource.kind} ${shown(object)} became ${shown(answered)}`,
                ];
        }
        return [];
    }

    async #clean(resource: ServedResource): Promise<void> {
        for (const name of (await this.#list(resource)).state.keys()) {
            const path = `${collectionOf(resource)}/${encodeURIComponent(name)}`;
            await this.#send({
                method: 'DELETE',
                path: `${path}?gracePeriodSeconds=0&propagationPolicy=Background`,
            });
        }
        for (const [name] of (await this.#list(resource)).state) {
            const path = `${collectionOf(resource)}/${encodeURIComponent(name)}`;
            const headers = { 'content-type': 'application/merge-patch+json' };
            await this.#send({ method: 'PATCH', path, headers, body: '{"metadata":{"finalizers":null}}' });
            if (resource.kind !== 'Namespace') continue;
            const body = JSON.stringify({
                apiVersion: 'v1',
                kind: 'Namespace',
                metadata: { name },
                spec: { finalizers: [] },
            });
            await this.#send({
                method: 'PUT',
                path: `${path}/finalize`,
                headers: { 'content-type': 'application/json' },
                body,
            });
        }
        // What stays, for a while or for good, is nobody's.
        const left = (await this.#list(resource)).state;
        const collection = collectionOf(resource);
        if (left.size > 0)
            this.#background.set(
                collection,
                new Set([
                    ...this.#background.get(collection)!,
                    ...[...left.values()].map(({ metadata }) => metadata.uid),
                ]),
            );
    }
}

/** Who owns an empty struct that has got members since owns these from the next write on, and no more is changed. */
function isReconciled(before: ServedObject, after: ServedObject): boolean {
    const [left, right] = [before, after].map(({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...metadata, managedFields: undefined, resourceVersion: undefined },
    }));
    const isSameOwnership = isDeepStrictEqual(before.metadata.managedFields, after.metadata.managedFields);
    return !isSameOwnership && isDeepStrictEqual(left, right);
}

function withPlaceholders(step: Step, state: State, versions: ReadonlyMap<string, string>): Step {
    const object = step.name === undefined ? undefined : state.get(step.name);
    const fill = (text: string): string =>
        text
            .replaceAll('@current@', object?.metadata.resourceVersion ?? '1')
            .replaceAll('@stale@', (step.name === undefined ? undefined : versions.get(step.name)) ?? '1')
            .replaceAll('@uid@', object?.metadata.uid ?? 'none');
    return {
        ...step,
        path: fill(step.path),
        body: typeof step.body === 'string' ? fill(step.body) : step.body,
    };
}

function shownBody(body: string | Buffer | undefined): string {
    const text = typeof body === 'string' ? body : (body?.toString('base64') ?? '');
    return text.length > 3_000 ? `${text.slice(0, 3_000)}… (${text.length})` : text;
}

/** What the scenarios need to be there. */
export async function prepareBackground(target: Target): Promise<void> {
    const make = async (path: string, body: object): Promise<void> => {
        const headers = { 'content-type': 'application/json' };
        const { code, text } = await target.send({
            method: 'POST',
            path,
            headers,
            body: JSON.stringify(body),
        });
        if (code > 299) throw new Error(`POST ${path}: ${text}`);
    };
    await make('/api/v1/namespaces', { metadata: { name: namespace } });
    await make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
    await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', gadgetDefinition);
    const path = `/apis/${gadget.apiVersion}/namespaces/${namespace}/gadgets`;
    await eventually(
        'custom resources are served',
        async () => (await target.send({ method: 'GET', path })).code === 200,
    );
}
