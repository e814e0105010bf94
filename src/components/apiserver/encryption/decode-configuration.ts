import type {
    EncryptionConfiguration,
    KeyConfiguration,
    KeysConfiguration,
    ProviderConfiguration,
    ResourceConfiguration,
} from './configuration.ts';

const apiVersion = 'apiserver.config.k8s.io/v1';
const kind = 'EncryptionConfiguration';
const keyProviders = ['aesgcm', 'aescbc', 'secretbox'] as const;
type Fields = Record<string, unknown>;

/** A configuration cannot be used. Its text holds no keys. */
export class EncryptionConfigurationError extends Error {
    override readonly name = 'EncryptionConfigurationError';
}

/** Reads YAML or JSON, strictly: unknown fields and other types are errors. `file` is for messages alone. */
export async function decodeConfiguration(text: string, file: string): Promise<EncryptionConfiguration> {
    if (text.length === 0) {
        throw new EncryptionConfigurationError(
            `encryption provider configuration file ${JSON.stringify(file)} is empty`,
        );
    }
    const { load } = await import('js-yaml');
    let value: unknown;
    try {
        value = load(text);
    } catch (cause) {
        // The parser's text quotes the file, keys and all.
        const line = (cause as { mark?: { line?: number } }).mark?.line;
        throw new EncryptionConfigurationError(
            `it is not YAML${line === undefined ? '' : `: see line ${line + 1}`}`,
        );
    }
    const root = fieldsOf(value, '', ['apiVersion', 'kind', 'resources']);
    if (root['kind'] === undefined || root['kind'] === '') {
        throw new EncryptionConfigurationError("Object 'Kind' is missing in the configuration");
    }
    if (root['kind'] !== kind || root['apiVersion'] !== apiVersion) {
        throw new EncryptionConfigurationError(
            `no kind ${JSON.stringify(root['kind'])} is registered for version ${JSON.stringify(root['apiVersion'] ?? '')}: expected ${kind} of ${apiVersion}`,
        );
    }
    return { resources: listOf(root['resources'], 'resources', decodeResource) };
}

function decodeResource(value: unknown, path: string): ResourceConfiguration {
    const fields = fieldsOf(value, path, ['resources', 'providers']);
    return {
        resources: listOf(fields['resources'], `${path}.resources`, textOf),
        providers: listOf(fields['providers'], `${path}.providers`, decodeProvider),
    };
}

function decodeProvider(value: unknown, path: string): ProviderConfiguration {
    const fields = fieldsOf(value, path, [...keyProviders, 'identity', 'kms']);
    const provider: ProviderConfiguration = {};
    for (const name of keyProviders) {
        if (isSet(fields[name])) provider[name] = decodeKeys(fields[name], `${path}.${name}`);
    }
    if (isSet(fields['identity'])) provider.identity = fieldsOf(fields['identity'], `${path}.identity`, []);
    if (isSet(fields['kms'])) {
        const known = ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout'];
        provider.kms = fieldsOf(fields['kms'], `${path}.kms`, known);
    }
    return provider;
}

function decodeKeys(value: unknown, path: string): KeysConfiguration {
    const fields = fieldsOf(value, path, ['keys']);
    return { keys: listOf(fields['keys'], `${path}.keys`, decodeKey) };
}

function decodeKey(value: unknown, path: string): KeyConfiguration {
    const { name, secret } = fieldsOf(value, path, ['name', 'secret']);
    return {
        name: isSet(name) ? textOf(name, `${path}.name`) : '',
        secret: isSet(secret) ? textOf(secret, `${path}.secret`) : '',
    };
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new EncryptionConfigurationError(`${path === '' ? 'the file' : path} is not an object`);
    }
    const unknown = Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== undefined) {
        const field = path === '' ? unknown : `${path}.${unknown}`;
        throw new EncryptionConfigurationError(
            `strict decoding error: unknown field ${JSON.stringify(field)}`,
        );
    }
    return value as Fields;
}

function listOf<T>(value: unknown, path: string, decode: (item: unknown, path: string) => T): T[] {
    if (!isSet(value)) return [];
    if (!Array.isArray(value)) throw new EncryptionConfigurationError(`${path} is not a list`);
    return value.map((item, index) => decode(item, `${path}[${index}]`));
}

function textOf(value: unknown, path: string): string {
    if (typeof value !== 'string') throw new EncryptionConfigurationError(`${path} is not a string`);
    return value;
}
