import type { V1Container, V1EnvFromSource, V1EnvVar, V1Pod } from '../../../api/meta/object.ts';
import { podNamespace } from '../pod/pod.ts';
import type { ObjectSource } from '../volumes/object-source.ts';
import { ContainerConfigError } from './config-error.ts';
import { expand } from './expansion.ts';
import { fieldPathValue, type PodAddresses } from './field-path.ts';
import { resourceFieldValue, type Allocatable } from './resource-field.ts';

export interface EnvInput {
    pod: V1Pod;
    container: V1Container;
    addresses: PodAddresses;
    allocatable: Allocatable;
    /** Variables about Services: those of the container win. */
    services: Readonly<Record<string, string>>;
    objects: ObjectSource;
}

/**
 * The container's environment in order: Service variables, `envFrom`, `env`; later ones win. Throws
 * ContainerConfigError when something that is not optional is missing.
 */
export async function makeEnvironment(input: EnvInput): Promise<{ name: string; value: string }[]> {
    const result = new Map<string, string>();
    for (const source of input.container.envFrom ?? []) {
        for (const [key, value] of Object.entries(await envFromSource(input, source)))
            result.set(`${source.prefix ?? ''}${key}`, value);
    }
    const own = new Map<string, string>();
    const lookUp = (name: string) => own.get(name) ?? result.get(name) ?? input.services[name];
    for (const variable of input.container.env ?? []) {
        const value = await envValue(input, variable, lookUp);
        if (value === undefined) continue;
        own.set(variable.name, value);
        result.set(variable.name, value);
    }
    for (const [name, value] of Object.entries(input.services))
        if (!result.has(name)) result.set(name, value);
    return [...result].map(([name, value]) => ({ name, value }));
}

async function envFromSource(
    { pod, objects }: EnvInput,
    { configMapRef, secretRef }: V1EnvFromSource,
): Promise<Record<string, string>> {
    const namespace = podNamespace(pod);
    if (configMapRef !== undefined) {
        const found = await objects.configMap(namespace, configMapRef.name ?? '');
        if (found === undefined && configMapRef.optional !== true)
            throw new ContainerConfigError(`configmap "${configMapRef.name ?? ''}" not found`);
        return found?.data ?? {};
    }
    if (secretRef !== undefined) {
        const found = await objects.secret(namespace, secretRef.name ?? '');
        if (found === undefined && secretRef.optional !== true)
            throw new ContainerConfigError(`secret "${secretRef.name ?? ''}" not found`);
        return mapValues(found?.data ?? {}, fromBase64);
    }
    return {};
}

function mapValues(map: Record<string, string>, f: (value: string) => string): Record<string, string> {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, f(value)]));
}

function fromBase64(text: string): string {
    return Buffer.from(text, 'base64').toString('utf8');
}

async function envValue(
    input: EnvInput,
    variable: V1EnvVar,
    lookUp: (name: string) => string | undefined,
): Promise<string | undefined> {
    const from = variable.valueFrom;
    if (from === undefined) return expand(variable.value ?? '', lookUp);
    const { pod, container, allocatable, addresses } = input;
    if (from.fieldRef !== undefined) {
        const value = fieldPathValue(pod, from.fieldRef.fieldPath, addresses);
        if (value !== undefined) return value;
        throw new ContainerConfigError(`unsupported fieldPath: ${from.fieldRef.fieldPath}`);
    }
    if (from.resourceFieldRef !== undefined)
        return resourceFieldValue(pod, from.resourceFieldRef, { container, allocatable });
    if (from.configMapKeyRef !== undefined) return await configMapKey(input, from.configMapKeyRef);
    if (from.secretKeyRef !== undefined) return await secretKey(input, from.secretKeyRef);
    throw new ContainerConfigError(`unsupported source of environment variable "${variable.name}"`);
}

interface KeyRef {
    name?: string | undefined;
    key: string;
    optional?: boolean | undefined;
}

async function configMapKey({ pod, objects }: EnvInput, ref: KeyRef): Promise<string | undefined> {
    const name = ref.name ?? '';
    const namespace = podNamespace(pod);
    const found = await objects.configMap(namespace, name);
    const value = found?.data?.[ref.key];
    if (value !== undefined || ref.optional === true) return value;
    throw new ContainerConfigError(
        found === undefined
            ? `configmap "${name}" not found`
            : `couldn't find key ${ref.key} in ConfigMap ${namespace}/${name}`,
    );
}

async function secretKey({ pod, objects }: EnvInput, ref: KeyRef): Promise<string | undefined> {
    const name = ref.name ?? '';
    const namespace = podNamespace(pod);
    const found = await objects.secret(namespace, name);
    const value = found?.data?.[ref.key];
    if (value !== undefined) return fromBase64(value);
    if (ref.optional === true) return undefined;
    throw new ContainerConfigError(
        found === undefined
            ? `secret "${name}" not found`
            : `couldn't find key ${ref.key} in Secret ${namespace}/${name}`,
    );
}
