import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { CredentialSource } from './credential-source.ts';

/** What one user of a kubeconfig shows to servers. */
export interface KubeconfigUser {
    clientCertificate?: CredentialSource | undefined;
    clientKey?: CredentialSource | undefined;
    token?: CredentialSource | undefined;
    basic?: { username: string; password: string } | undefined;
    impersonate?: { username: string; groups: readonly string[] } | undefined;
}

/** All that is needed to reach an API server with one identity: one context of a kubeconfig. */
export interface ClientConfig extends KubeconfigUser {
    /** "https://192.168.1.10:6443", without trailing slash. */
    server: string;
    namespace: string;
    tlsServerName?: string | undefined;
    insecureSkipTlsVerify?: boolean | undefined;
    certificateAuthority?: CredentialSource | undefined;
}

/** The users of a kubeconfig by their names, whatever its contexts are. */
export interface KubeconfigUsers {
    users: ReadonlyMap<string, KubeconfigUser>;
    /** That of the current context; empty where there is none. */
    currentUser: string;
}

/** A kubeconfig that cannot be used, with the file it came from. */
export class KubeconfigError extends Error {
    override readonly name = 'KubeconfigError';
}

type Json = Readonly<Record<string, unknown>>;

/** A kubeconfig larger than this is refused. */
const kubeconfigBytesMax = 4 * 1024 * 1024;

/** Reads one context of a kubeconfig file; the current one when none is named. */
export async function loadKubeconfig(file: string, context?: string): Promise<ClientConfig> {
    let text: string;
    try {
        text = await readFile(file, 'utf8');
    } catch (error) {
        throw new KubeconfigError(`cannot read kubeconfig ${file}`, { cause: error });
    }
    return await parseKubeconfig(text, { file, context });
}

/** As loadKubeconfig, from text. Relative paths are relative to the directory of `file`. */
export async function parseKubeconfig(
    text: string,
    options: { file: string; context?: string | undefined },
): Promise<ClientConfig> {
    const { file } = options;
    const root = await parseRoot(text, file);
    const name = options.context ?? asString(root['current-context']) ?? '';
    if (name === '') throw new KubeconfigError(`kubeconfig ${file} has no current-context`);
    const context = named(root, { list: 'contexts', field: 'context', name, file });
    const cluster = named(root, {
        list: 'clusters',
        field: 'cluster',
        name: asString(context['cluster']) ?? '',
        file,
    });
    const userName = asString(context['user']) ?? '';
    const user = userName === '' ? {} : named(root, { list: 'users', field: 'user', name: userName, file });
    return clientConfig({ context, cluster, user, file });
}

/** The users alone; relative paths are relative to the directory of `file`. Rejects with a KubeconfigError. */
export async function parseKubeconfigUsers(
    text: string,
    { file }: { file: string },
): Promise<KubeconfigUsers> {
    const root = await parseRoot(text, file);
    const users = new Map<string, KubeconfigUser>();
    for (const entry of asArray(root['users'])) {
        const object = asObject(entry);
        const name = asString(object?.['name']);
        if (name !== undefined) users.set(name, userConfig(asObject(object?.['user']) ?? {}, file));
    }
    const current = asString(root['current-context']);
    const context = asArray(root['contexts'])
        .map(asObject)
        .find((entry) => current !== undefined && entry?.['name'] === current);
    return { users, currentUser: asString(asObject(context?.['context'])?.['user']) ?? '' };
}

async function parseRoot(text: string, file: string): Promise<Json> {
    if (text.length > kubeconfigBytesMax) throw new KubeconfigError(`kubeconfig ${file} is too large`);
    const root = asObject(await parseText(text, file));
    if (root === undefined) throw new KubeconfigError(`kubeconfig ${file} is not an object`);
    return root;
}

function clientConfig(parts: { context: Json; cluster: Json; user: Json; file: string }): ClientConfig {
    const { context, cluster, user, file } = parts;
    const server = asString(cluster['server']);
    if (!server) throw new KubeconfigError(`kubeconfig ${file}: the cluster has no server`);
    return {
        server: server.replace(/\/+$/, ''),
        namespace: asString(context['namespace']) ?? 'default',
        tlsServerName: asString(cluster['tls-server-name']),
        insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
        certificateAuthority: credential(cluster, {
            data: 'certificate-authority-data',
            path: 'certificate-authority',
            directory: dirname(file),
        }),
        ...userConfig(user, file),
    };
}

function userConfig(user: Json, file: string): KubeconfigUser {
    if (user['exec'] !== undefined || user['auth-provider'] !== undefined) {
        throw new KubeconfigError(`kubeconfig ${file}: exec and auth-provider credentials are not supported`);
    }
    const directory = dirname(file);
    const source = (data: string, path: string): CredentialSource | undefined =>
        credential(user, { data, path, directory });
    const impersonated = asString(user['as']);
    const username = asString(user['username']);
    return {
        clientCertificate: source('client-certificate-data', 'client-certificate'),
        clientKey: source('client-key-data', 'client-key'),
        token: tokenSource(user, directory),
        ...(username === undefined
            ? {}
            : { basic: { username, password: asString(user['password']) ?? '' } }),
        impersonate:
            impersonated === undefined
                ? undefined
                : {
                      username: impersonated,
                      groups: asArray(user['as-groups']).filter((g) => typeof g === 'string'),
                  },
    };
}

/** As client-go does, a token file wins over an inline token: the file is the one that is rotated. */
function tokenSource(user: Json, directory: string): CredentialSource | undefined {
    const file = asString(user['tokenFile']);
    if (file) return { type: 'file', path: isAbsolute(file) ? file : join(directory, file) };
    const token = asString(user['token']);
    return token ? { type: 'inline', value: Buffer.from(token) } : undefined;
}

function credential(
    object: Json,
    names: { data: string; path: string; directory: string },
): CredentialSource | undefined {
    const data = asString(object[names.data]);
    if (data) return { type: 'inline', value: Buffer.from(data, 'base64') };
    const path = asString(object[names.path]);
    if (!path) return undefined;
    return { type: 'file', path: isAbsolute(path) ? path : join(names.directory, path) };
}

/** JSON is tried first: what this program writes itself needs no YAML library. */
async function parseText(text: string, file: string): Promise<unknown> {
    if (text.trimStart().startsWith('{')) {
        try {
            return JSON.parse(text) as unknown;
        } catch {
            // Flow-style YAML also starts with a brace.
        }
    }
    const { load } = await import('js-yaml');
    try {
        return load(text);
    } catch (error) {
        // The parser's own words quote the file, tokens and keys included.
        const { reason = '', mark } = error as { reason?: string; mark?: { line?: number } };
        const cause = new Error(`${reason} (line ${(mark?.line ?? 0) + 1})`);
        throw new KubeconfigError(`kubeconfig ${file} is not valid YAML`, { cause });
    }
}

function named(root: Json, wanted: { list: string; field: string; name: string; file: string }): Json {
    for (const entry of asArray(root[wanted.list])) {
        const object = asObject(entry);
        if (object?.['name'] === wanted.name) return asObject(object[wanted.field]) ?? {};
    }
    throw new KubeconfigError(
        `kubeconfig ${wanted.file}: ${wanted.field} ${JSON.stringify(wanted.name)} does not exist`,
    );
}

const asString = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const asObject = (value: unknown): Json | undefined =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** What a rendered kubeconfig holds: PEM texts inline, or paths of files that are rotated. */
export interface KubeconfigContent {
    server: string;
    /** Name of the cluster and, with the user, of the context. Default "kubernetes". */
    clusterName?: string;
    userName: string;
    namespace?: string;
    certificateAuthority: string | { file: string };
    credentials:
        | { type: 'certificate'; certificate: string | { file: string }; key: string | { file: string } }
        | { type: 'token'; token: string | { file: string } };
}

const embedded = (name: string, value: string | { file: string }): Record<string, string> =>
    typeof value === 'string'
        ? { [`${name}-data`]: Buffer.from(value).toString('base64') }
        : { [name]: value.file };

/**
 * A kubeconfig with one cluster, user and context, as YAML text (every YAML parser reads JSON strings).
 * Equal content gives equal text, so a caller can compare before it writes.
 */
export function renderKubeconfig(content: KubeconfigContent): string {
    const cluster = content.clusterName ?? 'kubernetes';
    const context = `${content.userName}@${cluster}`;
    const quote = (value: string): string => JSON.stringify(value);
    const fields = (record: Record<string, string>): string[] =>
        Object.entries(record).map(([key, value]) => `      ${key}: ${quote(value)}`);
    const lines = [
        'apiVersion: v1',
        'kind: Config',
        'clusters:',
        `  - name: ${quote(cluster)}`,
        '    cluster:',
        ...fields({
            ...embedded('certificate-authority', content.certificateAuthority),
            server: content.server,
        }),
        'users:',
        `  - name: ${quote(content.userName)}`,
        '    user:',
        ...fields(userFields(content.credentials)),
        'contexts:',
        `  - name: ${quote(context)}`,
        '    context:',
        ...fields({
            cluster,
            user: content.userName,
            ...(content.namespace === undefined ? {} : { namespace: content.namespace }),
        }),
        `current-context: ${quote(context)}`,
        'preferences: {}',
    ];
    return `${lines.join('\n')}\n`;
}

function userFields(credentials: KubeconfigContent['credentials']): Record<string, string> {
    switch (credentials.type) {
        case 'certificate':
            return {
                ...embedded('client-certificate', credentials.certificate),
                ...embedded('client-key', credentials.key),
            };
        case 'token':
            return typeof credentials.token === 'string'
                ? { token: credentials.token }
                : { tokenFile: credentials.token.file };
    }
}
