import { aesCbc } from './aes-cbc.ts';
import { aesGcm } from './aes-gcm.ts';
import {
    type EncryptionConfiguration,
    type GroupResource,
    keyBytes,
    type KeysConfiguration,
    parseGroupResource,
    type ProviderConfiguration,
} from './configuration.ts';
import { decodeConfiguration, EncryptionConfigurationError } from './decode-configuration.ts';
import { identity } from './identity.ts';
import { type PrefixedTransformer, PrefixedTransformers } from './prefixed.ts';
import { secretbox } from './secretbox.ts';
import type { ValueTransformer } from './transformer.ts';
import { validateConfiguration } from './validate-configuration.ts';

/** How values are stored, by resource. */
export class ResourceTransformers {
    readonly #rules: ReadonlyMap<string, ValueTransformer>;

    constructor(rules: ReadonlyMap<string, ValueTransformer>) {
        this.#rules = rules;
    }

    /** The rule of the resource itself, else its group's, else that for everything; undefined: in clear. */
    of({ group, resource }: GroupResource): ValueTransformer | undefined {
        return (
            this.#rules.get(nameOf({ group, resource })) ??
            this.#rules.get(nameOf({ group, resource: '*' })) ??
            this.#rules.get('*.*')
        );
    }

    map(change: (transformer: ValueTransformer) => ValueTransformer): ResourceTransformers {
        return new ResourceTransformers(
            new Map([...this.#rules].map(([name, rule]) => [name, change(rule)])),
        );
    }

    /** Every rule's, for checks. */
    all(): ValueTransformer[] {
        return [...this.#rules.values()];
    }
}

/**
 * Reads what these do and writes in clear: while others on the same store could not read it otherwise. What is in
 * clear is as it is to be.
 */
export function readingOnly(transformers: ResourceTransformers): ResourceTransformers {
    return transformers.map((transformer) => ({
        toStorage: (value) => value,
        fromStorage: (value, context, report) => ({
            ...transformer.fromStorage(value, context, report),
            isStale: false,
        }),
    }));
}

/** Nothing is encrypted. */
export const inClear = new ResourceTransformers(new Map());

/** Reads, checks and prepares a configuration. Rejects with EncryptionConfigurationError, in upstream's words. */
export async function transformersFrom(text: string, file: string): Promise<ResourceTransformers> {
    const configuration = await decodeConfiguration(text, file);
    const errors = validateConfiguration(configuration).map(({ field, message }) => `${field}: ${message}`);
    if (errors.length > 0) {
        throw new EncryptionConfigurationError(
            errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`,
        );
    }
    return await prepare(configuration);
}

async function prepare({ resources }: EncryptionConfiguration): Promise<ResourceTransformers> {
    const byName = new Map<string, PrefixedTransformer[]>();
    for (const rule of resources) {
        const transformers = await Promise.all(rule.providers.map(prepareProvider));
        for (const text of rule.resources) {
            const wanted = parseGroupResource(text);
            for (const earlier of [nameOf({ group: wanted.group, resource: '*' }), '*.*']) {
                if (!byName.has(earlier)) continue;
                throw new EncryptionConfigurationError(
                    `resource ${JSON.stringify(nameOf(wanted))} is masked by earlier rule ${JSON.stringify(earlier)}`,
                );
            }
            byName.set(nameOf(wanted), [...(byName.get(nameOf(wanted)) ?? []), ...transformers]);
        }
    }
    const rules = [...byName].map(
        ([name, list]) => [name, new PrefixedTransformers(list, 'no matching prefix found')] as const,
    );
    return new ResourceTransformers(new Map(rules));
}

async function prepareProvider(provider: ProviderConfiguration): Promise<PrefixedTransformer> {
    const { aesgcm, aescbc, secretbox: box } = provider;
    if (aesgcm !== undefined) return await withKeys('aesgcm', aesgcm, { label: 'AES', make: aesGcm });
    if (aescbc !== undefined) return await withKeys('aescbc', aescbc, { label: 'AES', make: aesCbc });
    if (box !== undefined) return await withKeys('secretbox', box, { label: 'Secretbox', make: secretbox });
    return { prefix: Buffer.alloc(0), transformer: identity };
}

async function withKeys(
    name: string,
    { keys }: KeysConfiguration,
    { label, make }: { label: string; make: (key: Buffer) => ValueTransformer | Promise<ValueTransformer> },
): Promise<PrefixedTransformer> {
    const transformers = await Promise.all(
        keys.map(async (key) => ({
            prefix: Buffer.from(`${key.name}:`),
            transformer: await make(keyBytes(key.secret) ?? Buffer.alloc(0)),
        })),
    );
    return {
        prefix: Buffer.from(`k8s:enc:${name}:v1:`),
        transformer: new PrefixedTransformers(
            transformers,
            `no matching key was found for the provided ${label} transformer`,
        ),
    };
}

/** As it stands in configurations: "secrets", "deployments.apps", "*.". */
function nameOf({ group, resource }: GroupResource): string {
    if (group === '') return resource === '*' ? '*.' : resource;
    return `${resource}.${group}`;
}
