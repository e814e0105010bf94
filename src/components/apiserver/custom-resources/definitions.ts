import type {
    RemoteConversion,
    ResourceDefinition,
    SubresourceDefinition,
    Verb,
    VersionConversion,
} from '../../../api/groups/resource.ts';
import type { FieldSchema } from '../../../api/managed-fields/field-schema.ts';
import { structuralFieldSchema } from '../../../api/managed-fields/structural-schema.ts';
import type { Typing } from '../../../api/managed-fields/updater.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import {
    type ApiObject,
    apiVersionOf,
    type V1CustomResourceDefinition,
    type V1CustomResourceDefinitionVersion,
} from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { parseJsonPath } from '../../../api/structural-schema/json-path.ts';
import { prune } from '../../../api/structural-schema/prune.ts';
import type { WebhookClient } from '../admission/webhook/client.ts';
import type { ConversionMetrics } from './conversion-metrics.ts';
import { ConversionWebhook } from './conversion-webhook.ts';
import type { ServedVersion } from './served-version.ts';
import { customResourceStrategy, decodeCustomResource, normalise, versionNameOf } from './strategy.ts';
import type { VersionSchema } from './version-schemas.ts';

const verbs: readonly Verb[] = [
    'delete',
    'deletecollection',
    'get',
    'list',
    'patch',
    'create',
    'update',
    'watch',
];
const subresourceVerbs: readonly Verb[] = ['get', 'patch', 'update'];

export interface DefinitionSource {
    /** Of any version of the definition, served or not. */
    schema(version: string): VersionSchema;
    isTerminating(): boolean;
    webhooks: WebhookClient;
    conversionMetrics: ConversionMetrics;
}

/** What the registry has to know to serve the versions of a custom resource. */
export function definitionsOf(
    { spec, status }: V1CustomResourceDefinition,
    source: DefinitionSource,
): ResourceDefinition[] {
    const { group, versions } = spec;
    const names = status?.acceptedNames ?? spec.names;
    const { plural, kind } = names;
    const conversions = new Conversions(spec, source);
    const fieldTyping = fieldTypingOf(spec, source);
    return versions
        .filter(({ served }) => served)
        .map((version) => {
            const served: ServedVersion = {
                group,
                name: version.name,
                names: {
                    plural,
                    kind,
                    singular: names.singular ?? kind.toLowerCase(),
                    listKind: names.listKind ?? `${kind}List`,
                },
                hasStatus: version.subresources?.status !== undefined,
                deprecated: version.deprecated === true,
                deprecationWarning: version.deprecationWarning,
                columns: version.additionalPrinterColumns ?? [],
                selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
                schema: () => source.schema(version.name),
                isTerminating: () => source.isTerminating(),
            };
            return {
                ...served.names,
                group,
                version: version.name,
                namespaced: spec.scope === 'Namespaced',
                verbs,
                type: '',
                shortNames: names.shortNames ?? [],
                categories: names.categories ?? [],
                subresources: subresourcesOf(version),
                storagePrefix: `${group}/${plural}`,
                strategy: customResourceStrategy(served),
                conversion: conversions.of(version.name),
                fieldTyping,
                decode: (body) => decodeCustomResource(body, served),
            };
        });
}

/** Translated schemas go with the schemas that they were made of. */
const fieldSchemas = new WeakMap<object, FieldSchema>();

/** How fields of the versions are owned. Paths are taken to be the same in all of them. */
function fieldTypingOf(
    { group, versions }: V1CustomResourceDefinition['spec'],
    source: DefinitionSource,
): Typing {
    const isServed = (apiVersion: string): boolean =>
        versions.some(({ name, served }) => served && apiVersionOf({ group, version: name }) === apiVersion);
    return {
        schemaOf: (apiVersion) => {
            if (!isServed(apiVersion)) return undefined;
            const { schema } = source.schema(versionNameOf({ apiVersion }));
            let translated = fieldSchemas.get(schema);
            if (translated === undefined)
                fieldSchemas.set(schema, (translated = structuralFieldSchema(schema)));
            return translated;
        },
        convert: (object, apiVersion) => (isServed(apiVersion) ? { ...object, apiVersion } : undefined),
    };
}

function subresourcesOf({
    subresources,
}: V1CustomResourceDefinitionVersion): Record<string, SubresourceDefinition> {
    const result: Record<string, SubresourceDefinition> = {};
    if (subresources?.status !== undefined) result.status = { verbs: subresourceVerbs };
    const { scale } = subresources ?? {};
    if (scale !== undefined) {
        const fields = (path: string): readonly string[] => parseJsonPath(path).fields ?? [];
        result.scale = {
            verbs: subresourceVerbs,
            type: 'V1Scale',
            scalePaths: {
                specReplicas: fields(scale.specReplicasPath),
                statusReplicas: fields(scale.statusReplicasPath),
                labelSelector: scale.labelSelectorPath ? fields(scale.labelSelectorPath) : undefined,
            },
        };
    }
    return result;
}

function byVersion(objects: readonly ApiObject[]): Map<string, ApiObject[]> {
    const groups = new Map<string, ApiObject[]>();
    for (const object of objects) {
        const version = versionNameOf(object);
        const group = groups.get(version);
        if (group === undefined) groups.set(version, [object]);
        else group.push(object);
    }
    return groups;
}

/** Between the versions of one definition: by another apiVersion alone, or by its webhook. */
class Conversions {
    readonly #spec: V1CustomResourceDefinition['spec'];
    readonly #source: DefinitionSource;
    readonly #storage: string;
    readonly #webhook: ConversionWebhook | undefined;
    /** Views that were made by the definition as it was before are of no use. */
    readonly #epoch = {};

    constructor(spec: V1CustomResourceDefinition['spec'], source: DefinitionSource) {
        this.#spec = spec;
        this.#source = source;
        this.#storage = spec.versions.find(({ storage }) => storage)?.name ?? '';
        const { conversion, group, names } = spec;
        this.#webhook =
            conversion?.strategy === 'Webhook' && conversion.webhook !== undefined
                ? new ConversionWebhook({
                      config: conversion.webhook,
                      group,
                      kind: names.kind,
                      webhooks: source.webhooks,
                      metrics: source.conversionMetrics,
                  })
                : undefined;
    }

    of(version: string): VersionConversion {
        return {
            stored: { group: this.#spec.group, version: this.#storage },
            epoch: this.#epoch,
            fromStored: (object) => this.#fromStored(object, version),
            toStored: (object) => this.#rewrite(object, this.#storage),
            remote: this.#webhook && this.#remote(this.#webhook, version),
        };
    }

    /** The object as its own version's schema wants it: itself when that is how it is. */
    #normalised(object: ApiObject): ApiObject {
        const copy = deepClone(object);
        return normalise(copy, this.#schemaOf(object)).changes === 0 ? object : copy;
    }

    #fromStored(object: ApiObject, version: string): ApiObject {
        return this.#rewrite(this.#normalised(object), version);
    }

    #rewrite(object: ApiObject, version: string): ApiObject {
        if (versionNameOf(object) === version) return object;
        if (this.#webhook !== undefined)
            throw statusErrors.internal(new Error('the object has not been converted by its webhook'));
        return this.#pruned(deepClone(object), version);
    }

    #pruned(object: ApiObject, version: string): ApiObject {
        object.apiVersion = apiVersionOf({ group: this.#spec.group, version });
        prune(object, this.#source.schema(version).schema);
        return object;
    }

    #schemaOf(object: ApiObject): VersionSchema {
        const name = versionNameOf(object);
        const isKnown = this.#spec.versions.some((version) => version.name === name);
        return this.#source.schema(isKnown ? name : this.#storage);
    }

    #remote(webhook: ConversionWebhook, version: string): RemoteConversion {
        const to = async (objects: readonly ApiObject[], wanted: string): Promise<ApiObject[]> => {
            const apiVersion = apiVersionOf({ group: this.#spec.group, version: wanted });
            const result: ApiObject[] = [];
            // Objects may have been stored by different versions; a review is about one.
            const groups = byVersion(objects);
            const converted = new Map<ApiObject, ApiObject>();
            for (const [from, group] of groups) {
                const made = from === wanted ? group : await webhook.convert(group, apiVersion);
                for (const [index, object] of group.entries()) converted.set(object, made[index] ?? object);
            }
            for (const object of objects)
                result.push(this.#pruned(deepClone(converted.get(object) ?? object), wanted));
            return result;
        };
        return {
            fromStored: async (objects) =>
                await to(
                    objects.map((object) => this.#normalised(object)),
                    version,
                ),
            toStored: async (object) => (await to([object], this.#storage))[0] ?? object,
        };
    }
}
