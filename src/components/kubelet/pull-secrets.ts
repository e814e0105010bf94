import type { V1Pod, V1Secret } from '../../api/meta/object.ts';
import { podNamespace } from './pod/pod.ts';
import type { RegistryAuth } from './runtime/runtime.ts';
import type { ObjectSource } from './volumes/object-source.ts';

const dockerHub = 'https://index.docker.io/v1/';

interface DockerAuth {
    username?: string;
    password?: string;
    auth?: string;
    identitytoken?: string;
}

/** Credentials for `image` from the pod's pull secrets; secrets that are missing or broken are left out. */
export async function registryAuths(
    pod: V1Pod,
    image: string,
    objects: ObjectSource,
): Promise<RegistryAuth[]> {
    const auths: RegistryAuth[] = [];
    for (const { name } of pod.spec?.imagePullSecrets ?? []) {
        const secret = name ? await objects.secret(podNamespace(pod), name) : undefined;
        if (secret !== undefined) auths.push(...parsePullSecret(secret));
    }
    const matching = auths.filter(({ serverAddress }) => matchesImage(serverAddress, image));
    return matching.sort((a, b) => b.serverAddress.length - a.serverAddress.length);
}

/** Entries of a dockerconfigjson or dockercfg secret; none when it cannot be read. */
export function parsePullSecret(secret: V1Secret): RegistryAuth[] {
    const json = secret.data?.['.dockerconfigjson'];
    const old = secret.data?.['.dockercfg'];
    try {
        if (json !== undefined) {
            const parsed = JSON.parse(Buffer.from(json, 'base64').toString()) as {
                auths?: Record<string, DockerAuth>;
            };
            return Object.entries(parsed.auths ?? {}).map(toAuth);
        }
        if (old !== undefined) {
            const parsed = JSON.parse(Buffer.from(old, 'base64').toString()) as Record<string, DockerAuth>;
            return Object.entries(parsed).map(toAuth);
        }
    } catch {
        // Not JSON: the pull goes on without it and says what the registry says.
    }
    return [];
}

function toAuth([serverAddress, entry]: [string, DockerAuth]): RegistryAuth {
    const decoded = entry.auth === undefined ? '' : Buffer.from(entry.auth, 'base64').toString();
    const colon = decoded.indexOf(':');
    return {
        serverAddress,
        username: entry.username ?? (colon < 0 ? undefined : decoded.slice(0, colon)),
        password: entry.password ?? (colon < 0 ? undefined : decoded.slice(colon + 1)),
        identityToken: entry.identitytoken,
    };
}

/** The registry part of an image reference: "docker.io" where it names none. */
export function registryOf(image: string): string {
    const first = image.split('/')[0] ?? '';
    const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
    return named ? first : 'docker.io';
}

function matchesImage(serverAddress: string, image: string): boolean {
    const address =
        serverAddress === dockerHub
            ? 'docker.io'
            : serverAddress.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '');
    const [host = '', ...path] = address.replace(/\/$/, '').split('/');
    const registry = registryOf(image);
    const hub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
    if (registry === 'docker.io' ? !hub.includes(host) : !globMatch(host, registry)) return false;
    if (path.length === 0) return true;
    const repository = image.startsWith(`${registry}/`) ? image.slice(registry.length + 1) : image;
    return repository.startsWith(path.join('/'));
}

/** "*.example.com" matches one label, as upstream's credential provider. */
function globMatch(pattern: string, host: string): boolean {
    const a = pattern.split('.');
    const b = host.split('.');
    return a.length === b.length && a.every((part, index) => part === '*' || part === b[index]);
}
