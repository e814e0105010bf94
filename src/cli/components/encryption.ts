import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceDefinition } from '../../api/groups/resource.ts';
import { ConfigurationFollower } from '../../components/apiserver/encryption/configuration-follower.ts';
import { EncryptionConfigurationError } from '../../components/apiserver/encryption/decode-configuration.ts';
import { defaultConfiguration } from '../../components/apiserver/encryption/default-configuration.ts';
import { EncryptingStore } from '../../components/apiserver/encryption/encrypting-store.ts';
import {
    inClear,
    type ResourceTransformers,
    transformersFrom,
} from '../../components/apiserver/encryption/resource-transformers.ts';
import { roundTripCheck } from '../../components/apiserver/encryption/round-trip-check.ts';
import { StoredResources } from '../../components/apiserver/encryption/stored-resources.ts';
import type { HealthCheck } from '../../components/apiserver/extensions.ts';
import { encryptionConfigFile } from '../../pki/control-plane-keys.ts';
import { ensurePrivateDirectory, readFileIfExists, writeFileAtomically } from '../../pki/files.ts';
import { keyNames } from '../../store/etcd/client/key-names.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { ApiServerSetup } from './apiserver.ts';
import type { ControlPlaneStore } from './control-plane-store.ts';
import { FlagError } from './flag-error.ts';

export interface Encryption {
    /** What the API server reads and writes. */
    store: EncryptingStore;
    readyChecks: HealthCheck[];
    /** The configuration in force; a joining master gets it. Empty where nothing is encrypted. */
    file: string;
}

interface Configuration {
    file: string;
    text: string;
    reloads: boolean;
}

/** Puts encryption between the API server and its store: by --encryption-provider-config, else with a key of its own. */
export async function openEncryption(
    setup: ApiServerSetup,
    opened: ControlPlaneStore,
    { definitions, lifecycle }: { definitions: readonly ResourceDefinition[]; lifecycle: Lifecycle },
): Promise<Encryption> {
    const { flags } = setup;
    const logger = setup.logger.child({ part: 'encryption' });
    const configuration = await readConfiguration(setup, opened);
    const store = new EncryptingStore({
        store: opened.store,
        transformers: configuration === undefined ? inClear : await parse(configuration),
        resources: new StoredResources(definitions),
        ...(opened.cluster === undefined ? { keyInStore: keyInEtcd(flags['etcd-prefix']) } : {}),
    });
    if (configuration === undefined) return { store, readyChecks: [], file: '' };
    const { file, text, reloads } = configuration;
    if (reloads) {
        const follower = new ConfigurationFollower(
            {
                file,
                logger,
                apply: (transformers) => {
                    store.setTransformers(transformers);
                },
            },
            text,
        );
        follower.start();
        lifecycle.add(follower);
    }
    return { store, readyChecks: [roundTripCheck(store)], file };
}

async function parse({ file, text }: Configuration): Promise<ResourceTransformers> {
    try {
        return await transformersFrom(text, file);
    } catch (error) {
        if (!(error instanceof EncryptionConfigurationError)) throw error;
        throw new FlagError(
            `--encryption-provider-config: error while parsing file ${file}: ${error.message}`,
        );
    }
}

/** Undefined where there is none and none is to be made. */
async function readConfiguration(
    { flags, joined, logger }: ApiServerSetup,
    { cluster, isShared }: ControlPlaneStore,
): Promise<Configuration | undefined> {
    const given = flags['encryption-provider-config'];
    const reloads = flags['encryption-provider-config-automatic-reload'];
    if (given === '' && reloads) {
        throw new FlagError(
            '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
        );
    }
    if (given !== '') return { file: given, text: await readGiven(given), reloads };
    const directory = join(flags['config-dir'], 'pki');
    const file = join(directory, encryptionConfigFile);
    const existing = await readFileIfExists(file);
    if (existing !== undefined) return { file, text: existing, reloads: true };
    // Others on the same store would not know a key that this one makes up.
    if (cluster === undefined || isShared() || joined?.membership !== undefined) {
        logger.warn(
            { file },
            'Secrets are stored in clear: the other API servers of this store need the same --encryption-provider-config',
        );
        return undefined;
    }
    const text = defaultConfiguration();
    await ensurePrivateDirectory(directory);
    await writeFileAtomically(file, text, 0o600);
    logger.info({ file }, 'key for the encryption of Secrets made');
    return { file, text, reloads: true };
}

async function readGiven(file: string): Promise<string> {
    try {
        return await readFile(file, 'utf8');
    } catch (cause) {
        throw new FlagError(
            `--encryption-provider-config: error opening encryption provider configuration file ${JSON.stringify(file)}`,
            { cause },
        );
    }
}

/** Values are bound to their keys as etcd has them. */
function keyInEtcd(prefix: string): (key: string) => string {
    const names = keyNames(`/${prefix.split('/').filter(Boolean).join('/')}`);
    return (key) => names.toEtcd(key);
}
