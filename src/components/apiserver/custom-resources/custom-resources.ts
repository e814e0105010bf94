import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { isConditionTrue } from '../../../api/meta/conditions.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import type { V1CustomResourceDefinition } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { CustomResourceGroupVersion } from '../../../api/schema/openapi/custom-resources.ts';
import { type StructuralSchema, withoutDocs } from '../../../api/structural-schema/schema.ts';
import { loadSchemaCompiler } from '../../../api/structural-schema/validate.ts';
import type { Client } from '../../../client/client.ts';
import { dynamicResource } from '../../../client/resource-type.ts';
import { WorkQueue } from '../../../client/work-queue.ts';
import { type Clock, rfc3339, systemClock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { WebhookClient } from '../admission/webhook/client.ts';
import type { WatchCaches } from '../watch-caches.ts';
import { cleanUp, needsCleanup } from './cleanup.ts';
import { nameStatus, type NamesInUse } from './conditions.ts';
import type { ConversionMetrics } from './conversion-metrics.ts';
import { conversionBytesMax } from './conversion-webhook.ts';
import { definitionsOf } from './definitions.ts';
import { publishedGroupVersions } from './published.ts';
import { VersionSchemas } from './version-schemas.ts';

/** How often objects that wait for finalizers are looked at again. */
const cleanupIntervalMs = 1_000;

const resource = {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
};

export interface CustomResourcesOptions {
    caches: WatchCaches;
    /** As the API server itself. */
    client: Client;
    logger: Logger;
    clock?: Clock;
    /** Absent: definitions with rules are refused, see `DefinitionChecks`. */
    cel?: (() => Promise<CelCompiler>) | undefined;
    conversionMetrics: ConversionMetrics;
}

/** One definition as it is served. */
interface Served {
    uid: string;
    /** What decides over how it is served; the rest of the definition may change. */
    signature: string;
    definitions: readonly ResourceDefinition[];
    isTerminating: boolean;
}

/**
 * Serves custom resources: follows their definitions, accepts names, establishes, has the registry serve every
 * version that is to be served, and empties what is being deleted. Every API server does all of it; writes are
 * guarded, so they do not get into each other's way.
 *
 * Invariants: what is served is what the newest definition that was seen says; a definition's name is worked on
 * once at a time; nothing of a schema is in memory but what `VersionSchemas` keeps.
 */
export class CustomResources implements Stoppable {
    readonly #options: CustomResourcesOptions;
    readonly #clock: Clock;
    readonly #queue: WorkQueue<string>;
    readonly #webhooks: WebhookClient;
    readonly #served = new Map<string, Served>();
    #schemas: VersionSchemas | undefined;
    #unsubscribe: (() => void) | undefined;
    #working: Promise<void> | undefined;
    /** Grows with every change of what is served. */
    #revision = 0;

    constructor(options: CustomResourcesOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#queue = new WorkQueue({ clock: this.#clock, backoffMaxMs: 30_000 });
        this.#webhooks = new WebhookClient(options.caches, {
            userAgent: 'kube-apiserver',
            answerBytesMax: conversionBytesMax,
        });
    }

    /** Resolves once what is established already is served. */
    async start(): Promise<void> {
        const { caches } = this.#options;
        await caches.ready(resource);
        const definitions = caches.list<V1CustomResourceDefinition>(resource);
        if (definitions.length > 0) await this.#loadSchemas();
        for (const definition of definitions) this.#serve(definition);
        this.#unsubscribe = caches.onChange(resource, (object) => {
            this.#queue.add(object.metadata?.name ?? '');
        });
        for (const { metadata } of definitions) this.#queue.add(metadata.name);
        this.#working = this.#work();
    }

    async stop(): Promise<void> {
        this.#unsubscribe?.();
        this.#queue.shutDown();
        await this.#working;
        this.#webhooks.stop();
    }

    /** Resolves when every change that was seen so far is served, or is waiting to be tried again. */
    async idle(): Promise<void> {
        await this.#queue.idle();
    }

    /** Changes whenever something else is served. */
    get revision(): number {
        return this.#revision;
    }

    /** What OpenAPI documents say of custom resources, with a text that changes with the content. */
    published(): { groupVersion: CustomResourceGroupVersion; signature: string }[] {
        const served = [...this.#served].map(([name, { signature, uid }]) => ({
            name,
            signature: `${uid}/${signature}`,
        }));
        return publishedGroupVersions(served, (name) => this.#definition(name));
    }

    async #loadSchemas(): Promise<VersionSchemas> {
        const compile = await loadSchemaCompiler();
        const cel = await this.#options.cel?.();
        return (this.#schemas ??= new VersionSchemas(compile, cel));
    }

    #definition(name: string): V1CustomResourceDefinition | undefined {
        return this.#options.caches.get<V1CustomResourceDefinition>(resource, '', name);
    }

    async #work(): Promise<void> {
        for (;;) {
            const name = await this.#queue.get();
            if (name === undefined) return;
            try {
                await this.#reconcile(name);
                this.#queue.forget(name);
            } catch (error) {
                if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound'))
                    this.#options.logger.warn({ err: error, name }, 'a custom resource definition failed');
                this.#queue.addRateLimited(name);
            } finally {
                this.#queue.done(name);
            }
        }
    }

    async #reconcile(name: string): Promise<void> {
        const definition = this.#definition(name);
        if (definition === undefined) {
            this.#unserve(name);
            // Names that it had may be what others wait for.
            for (const { metadata, status } of this.#options.caches.list<V1CustomResourceDefinition>(
                resource,
            ))
                if (!isConditionTrue(status?.conditions, 'NamesAccepted')) this.#queue.add(metadata.name);
            return;
        }
        await this.#loadSchemas();
        const now = rfc3339(this.#clock.nowMs());
        const status = nameStatus(definition, this.#namesInUse(definition), now);
        if (!deepEqual(status, definition.status ?? {})) {
            // What comes of it comes with the event of this write.
            await this.#write({ ...definition, status });
            return;
        }
        this.#serve(definition);
        if (needsCleanup(definition)) await this.#cleanUp(name, definition, now);
    }

    async #cleanUp(name: string, definition: V1CustomResourceDefinition, now: string): Promise<void> {
        const { client, caches } = this.#options;
        const outcome = await cleanUp(definition, { client, store: caches.store, now });
        if (outcome.definition !== definition) await this.#write(outcome.definition);
        if (outcome.type === 'waits') this.#queue.addAfter(name, cleanupIntervalMs);
    }

    async #write(definition: V1CustomResourceDefinition): Promise<void> {
        await this.#options.client.resource(dynamicResource(resource)).updateStatus(definition);
    }

    /** What the group's other definitions have been given, and its built-in resources. */
    #namesInUse({ metadata, spec }: V1CustomResourceDefinition): NamesInUse {
        const resources = new Set<string>();
        const kinds = new Set<string>();
        const take = (names: {
            plural?: string | undefined;
            singular?: string | undefined;
            kind?: string | undefined;
            listKind?: string | undefined;
            shortNames?: readonly string[] | undefined;
        }): void => {
            for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])])
                if (name) resources.add(name);
            for (const name of [names.kind, names.listKind]) if (name) kinds.add(name);
        };
        for (const other of this.#options.caches.list<V1CustomResourceDefinition>(resource))
            if (other.spec.group === spec.group && other.metadata.name !== metadata?.name)
                take(other.status?.acceptedNames ?? {});
        for (const builtIn of this.#options.caches.definitions())
            if (builtIn.group === spec.group && builtIn.type !== '') take(builtIn);
        return { resources, kinds };
    }

    /** Has the registry serve what the definition says, if that is something else than before. */
    #serve(definition: V1CustomResourceDefinition): void {
        const { metadata = {}, spec, status } = definition;
        const name = metadata.name ?? '';
        const uid = metadata.uid ?? '';
        const before = this.#served.get(name);
        if (!isConditionTrue(status?.conditions, 'Established')) {
            if (before !== undefined) this.#unserve(name);
            return;
        }
        const isTerminating = metadata.deletionTimestamp !== undefined;
        const signature = JSON.stringify([metadata.generation, status?.acceptedNames]);
        if (before !== undefined && before.uid === uid) {
            before.isTerminating = isTerminating;
            // Deletion moves the generation, and changes nothing of how it is served.
            if (before.signature === signature || isTerminating) return;
        }
        if (before !== undefined && before.uid !== uid) this.#unserve(name);
        const { caches } = this.#options;
        const served: Served = { uid, signature, isTerminating, definitions: [] };
        const generation = metadata.generation ?? 0;
        served.definitions = definitionsOf(definition, {
            schema: (version) => this.#schema(`${name}/${uid}/${generation}/${version}`, { name, version }),
            isTerminating: () => served.isTerminating,
            webhooks: this.#webhooks,
            conversionMetrics: this.#options.conversionMetrics,
        });
        this.#served.set(name, served);
        this.#forgetSchemas(name, uid, { generation: generation - 1, spec });
        for (const one of served.definitions) caches.add(one);
        for (const old of before?.uid === uid ? before.definitions : [])
            if (!served.definitions.some(({ version }) => version === old.version)) caches.remove(old);
        const [first] = served.definitions;
        if (before !== undefined && first !== undefined) caches.restartWatches(first);
        this.#revision++;
    }

    #unserve(name: string): void {
        const served = this.#served.get(name);
        if (served === undefined) return;
        this.#served.delete(name);
        for (const definition of served.definitions) this.#options.caches.remove(definition);
        this.#revision++;
    }

    #schema(
        key: string,
        { name, version }: { name: string; version: string },
    ): ReturnType<VersionSchemas['get']> {
        const schemas = this.#schemas;
        if (schemas === undefined) throw new Error('the schema compiler has not been loaded');
        return schemas.get(key, () => {
            const found = this.#definition(name)?.spec.versions.find((one) => one.name === version);
            const schema = found?.schema?.openAPIV3Schema as StructuralSchema | undefined;
            return schema === undefined ? {} : withoutDocs(schema);
        });
    }

    #forgetSchemas(
        name: string,
        uid: string,
        { generation, spec }: { generation: number; spec: V1CustomResourceDefinition['spec'] },
    ): void {
        for (const version of spec.versions)
            this.#schemas?.forget(`${name}/${uid}/${generation}/${version.name}`);
    }
}
