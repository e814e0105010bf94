/** EncryptionConfiguration of apiserver.config.k8s.io/v1: what is encrypted in the store, and with which keys. */
export interface EncryptionConfiguration {
    resources: ResourceConfiguration[];
}

export interface ResourceConfiguration {
    /** "secrets", "deployments.apps", "*.apps", "*." for the core group, "*.*". */
    resources: string[];
    /** The first one writes, all of them read. */
    providers: ProviderConfiguration[];
}

/** Exactly one of them is set. */
export interface ProviderConfiguration {
    aesgcm?: KeysConfiguration;
    aescbc?: KeysConfiguration;
    secretbox?: KeysConfiguration;
    identity?: object;
    kms?: object;
}

export interface KeysConfiguration {
    /** The first one writes, all of them read. */
    keys: KeyConfiguration[];
}

export interface KeyConfiguration {
    name: string;
    /** Base64. */
    secret: string;
}

export interface GroupResource {
    group: string;
    resource: string;
}

/** "deployments.apps" is the resource deployments of the group apps. */
export function parseGroupResource(text: string): GroupResource {
    const dot = text.indexOf('.');
    return dot < 0
        ? { group: '', resource: text }
        : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

/** The bytes of a key, undefined when that is no base64. */
export function keyBytes(secret: string): Buffer | undefined {
    const text = secret.replace(/[\r\n]/g, '');
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
    return Buffer.from(text, 'base64');
}
