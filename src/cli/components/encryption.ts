import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceDefinition } from '../../api/groups/resource.ts';
import { ConfigurationFollower } from '../../components/apiserver/encryption/configuration-follower.ts';
import { EncryptionConfigurationError } from '../../components/apiserver/encryption/decode-configuration.ts';
import { defaultConfiguration } from '../../components/apiserver/encryption/default-configuration.ts';
import { EncryptingStore } from '../../components/apiserver/encryption/encrypting-store.ts';
import {
    inClear,
    readingOnly,
    type ResourceTransformers,
    transformersFrom,
} from '../../components/apiserver/encryption/resource-transformers.ts';
import { Rollout } from '../../components/apiserver/encryption/rollout.ts';
import { roundTripCheck } from '../../components/apiserver/encryption/round-trip-check.ts';
import {
    fingerprintOf,
    SharedConfiguration,
} from '../../components/apiserver/encryption/shared-configuration.ts';
import { StoredResources } from '../../components/apiserver/encryption/stored-resources.ts';
import { encryptedPrefix, startsWith } from '../../components/apiserver/encryption/transformer.ts';
import type { HealthCheck } from '../../components/apiserver/extensions.ts';
import { encryptionConfigFile } from '../../pki/control-plane-keys.ts';
import { ensurePrivateDirectory, readFileIfExists, writeFileAtomically } from '../../pki/files.ts';
import { keyNames } from '../../store/etcd/client/key-names.ts';
import { prefixEnd, type Store, StoreError, type StoreErrorReason, textOfKey } from '../../store/store.ts';
import { systemClock } from '../../util/clock.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
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
    /** Values are written with it; else they are only read, until all masters can. */
    inUse: boolean;
}

export interface EncryptionParts {
    definitions: readonly ResourceDefinition[];
    lifecycle: Lifecycle;
    /** PEM of what signs service-account tokens: all API servers of a cluster have it, the store has not. */
    signingKey: string;
}

/** Puts encryption between the API server and its store: by --encryption-provider-config, else with a key of its own. */
export async function openEncryption(
    setup: ApiServerSetup,
    opened: ControlPlaneStore,
    parts: EncryptionParts,
): Promise<Encryption> {
    const logger = setup.logger.child({ part: 'encryption' });
    const shared = new SharedConfiguration(opened.store, parts.signingKey);
    const configuration = await readConfiguration({ ...setup, logger }, opened, shared);
    const transformers = configuration === undefined ? inClear : await parse(configuration);
    const store = new EncryptingStore({
        store: opened.store,
        transformers: configuration?.inUse === false ? readingOnly(transformers) : transformers,
        resources: new StoredResources(parts.definitions),
        ...(opened.cluster === undefined ? { keyInStore: keyInEtcd(setup.flags['etcd-prefix']) } : {}),
    });
    if (configuration === undefined) return { store, readyChecks: [], file: '' };
    const state: State = { ...configuration, transformers };
    const rollout = isShared(setup, opened) ? rolloutOf(state, { opened, shared, store, logger }) : undefined;
    if (rollout !== undefined) {
        rollout.start();
        parts.lifecycle.add(rollout);
    }
    const { file, text, reloads } = configuration;
    if (reloads) {
        const follower = new ConfigurationFollower(
            {
                file,
                logger,
                apply: (next, nextText) => {
                    Object.assign(state, { transformers: next, text: nextText });
                    store.setTransformers(state.inUse ? next : readingOnly(next));
                    rollout?.start();
                },
            },
            text,
        );
        follower.start();
        parts.lifecycle.add(follower);
    }
    return { store, readyChecks: [roundTripCheck(store)], file };
}

interface State {
    text: string;
    inUse: boolean;
    transformers: ResourceTransformers;
}

/** With etcd, a configuration that a flag names is nobody's business but that of who gave the flag, as upstream has it. */
function isShared({ flags }: ApiServerSetup, { cluster }: ControlPlaneStore): boolean {
    return cluster !== undefined || flags['encryption-provider-config'] === '';
}

function rolloutOf(
    state: State,
    {
        opened: { cluster },
        shared,
        store,
        logger,
    }: { opened: ControlPlaneStore; shared: SharedConfiguration; store: EncryptingStore; logger: Logger },
): Rollout {
    return new Rollout({
        shared,
        text: () => state.text,
        self: cluster?.memberId ?? '',
        members: () => cluster?.members() ?? [],
        inUse: state.inUse,
        begin: () => {
            state.inUse = true;
            store.setTransformers(state.transformers);
        },
        logger,
        clock: systemClock,
    });
}

async function parse({ file, text }: Pick<Configuration, 'file' | 'text'>): Promise<ResourceTransformers> {
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
    { flags, logger, joined }: ApiServerSetup,
    opened: ControlPlaneStore,
    shared: SharedConfiguration,
): Promise<Configuration | undefined> {
    const given = flags['encryption-provider-config'];
    const reloads = flags['encryption-provider-config-automatic-reload'];
    if (given === '' && reloads) {
        throw new FlagError(
            '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
        );
    }
    if (given !== '') return { file: given, text: await readGiven(given), reloads, inUse: true };
    const file = join(flags['config-dir'], 'pki', encryptionConfigFile);
    const existing = await readFileIfExists(file);
    if (existing !== undefined) {
        const record = await answered(logger, async () => await shared.read());
        const inUse = record?.inUse !== false || record.fingerprint !== fingerprintOf(existing);
        return { file, text: existing, reloads: true, inUse };
    }
    const record = await answered(
        logger,
        async () =>
            await sharedOrMade(
                { ...opened, isShared: () => opened.isShared() || joined?.membership !== undefined },
                shared,
                file,
            ),
    );
    if (record === undefined) {
        logger.warn(
            { file },
            'Secrets are stored in clear: give all API servers of this etcd the same --encryption-provider-config',
        );
        return undefined;
    }
    await ensurePrivateDirectory(dirname(file));
    await writeFileAtomically(file, record.text, 0o600);
    logger.info({ file }, 'key for the encryption of Secrets written');
    return { file, text: record.text, reloads: true, inUse: record.inUse };
}

/** What the other masters have, else a new key. Undefined where others, whom nobody could tell, read the store in clear. */
async function sharedOrMade(
    { store, cluster, isShared: hasOthers }: ControlPlaneStore,
    shared: SharedConfiguration,
    file: string,
): Promise<{ text: string; inUse: boolean } | undefined> {
    for (;;) {
        const record = await shared.read();
        if (record !== undefined) {
            const { text, inUse } = record;
            if (text !== undefined) return { text, inUse };
            throw new FlagError(
                `the Secrets of this cluster are encrypted, and ${file} is missing: copy it, and sa.key and sa.pub, from the directory pki of a master that runs; or name a copy by --encryption-provider-config`,
            );
        }
        const [encrypted] = await encryptedSecrets(store);
        if (encrypted !== undefined) {
            throw new FlagError(
                `the store holds Secrets that are encrypted (${encrypted}), and ${file} is missing: copy it from a master that has it; or name a copy by --encryption-provider-config`,
            );
        }
        if (cluster === undefined && !(await isEmpty(store))) return undefined;
        const text = defaultConfiguration();
        // Masters that run already must be able to read before one writes; a cluster of its own has none.
        const inUse = cluster === undefined || !hasOthers();
        if (await shared.write(text, { inUse, revision: 0 })) return { text, inUse };
    }
}

const secretsPrefix = '/registry/secrets/';
const pageKeys = 100;

/** Key and prefix of the first value that is encrypted; empty where all are in clear. */
async function encryptedSecrets(store: Store): Promise<string[]> {
    let key = secretsPrefix;
    for (;;) {
        const { kvs } = await store.range({ key, end: prefixEnd(secretsPrefix), limit: pageKeys });
        const found = kvs.find(({ value }) => startsWith(value, encryptedPrefix));
        if (found !== undefined) return [textOfKey(found.key)];
        const last = kvs.at(-1);
        if (last === undefined || kvs.length < pageKeys) return [];
        key = `${last.key}\0`;
    }
}

/** True for a store that no API server has written to. */
async function isEmpty(store: Store): Promise<boolean> {
    const prefix = '/registry/namespaces/';
    return (await store.range({ key: prefix, end: prefixEnd(prefix), countOnly: true })).count === 0;
}

/** A master that starts together with others waits until one of them leads. */
async function answered<T>(logger: Logger, ask: () => Promise<T>): Promise<T> {
    for (let isFirst = true; ; isFirst = false) {
        try {
            return await ask();
        } catch (error) {
            if (!(error instanceof StoreError) || !passing.has(error.reason)) throw error;
            if (isFirst) logger.warn({ reason: error.message }, 'the store does not answer yet');
            await sleep(retryMs);
        }
    }
}

const retryMs = 500;
const passing: ReadonlySet<StoreErrorReason> = new Set(['timeout', 'noLeader', 'leaderChanged']);

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
