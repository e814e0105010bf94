import { parseYaml } from '../../../api/schema/parse.ts';
import {
    defaultPodSecurity,
    type PodSecurityConfiguration,
    readPodSecurity,
} from './pod-security/configuration.ts';

/** What --admission-control-config-file says of single plugins. */
export interface AdmissionConfiguration {
    podSecurity: PodSecurityConfiguration;
}

export const defaultAdmissionConfiguration: AdmissionConfiguration = { podSecurity: defaultPodSecurity };

interface PluginEntry {
    name?: unknown;
    path?: unknown;
    configuration?: unknown;
}

/**
 * Reads an AdmissionConfiguration (apiserver.config.k8s.io/v1). `readFile` gives the files that it names.
 * Throws an Error that says what is wrong with it.
 */
export async function readAdmissionConfiguration(
    bytes: Buffer,
    readFile: (path: string) => Promise<Buffer>,
): Promise<AdmissionConfiguration> {
    const { value } = await parseYaml(bytes);
    const { apiVersion, kind, plugins } = (value ?? {}) as Record<string, unknown>;
    const isKnown = apiVersion === 'apiserver.config.k8s.io/v1' || apiVersion === 'apiserver.k8s.io/v1alpha1';
    if (kind !== 'AdmissionConfiguration' || !isKnown) {
        throw new Error(
            `no kind "${text(kind)}" is registered for version "${text(apiVersion)}": expected AdmissionConfiguration of apiserver.config.k8s.io/v1`,
        );
    }
    let configuration = defaultAdmissionConfiguration;
    for (const entry of Array.isArray(plugins) ? (plugins as PluginEntry[]) : []) {
        if (entry.name !== 'PodSecurity') {
            throw new Error(`the admission plugin "${text(entry.name)}" takes no configuration`);
        }
        configuration = { ...configuration, podSecurity: readPodSecurity(await contentOf(entry, readFile)) };
    }
    return configuration;
}

async function contentOf({ path, configuration }: PluginEntry, readFile: (path: string) => Promise<Buffer>) {
    if (configuration !== undefined && configuration !== null) return configuration;
    if (typeof path !== 'string' || path === '')
        throw new Error('a plugin has neither path nor configuration');
    return (await parseYaml(await readFile(path))).value;
}

function text(value: unknown): string {
    return typeof value === 'string' ? value : '';
}
