import { parseYaml } from '../../../api/schema/parse.ts';
import { type EventLimit, readEventLimits } from './event-rate-limit.ts';
import { notBuilt } from './not-built.ts';
import { type NodeSelectors, readNodeSelectors } from './pod-node-selector.ts';
import {
    defaultPodSecurity,
    type PodSecurityConfiguration,
    readPodSecurity,
} from './pod-security/configuration.ts';
import { readTolerationRestriction, type TolerationRestriction } from './pod-toleration-restriction.ts';
import { type LimitedResource, readLimitedResources } from './quota/limited-resources.ts';

/** What --admission-control-config-file says of single plugins. */
export interface AdmissionConfiguration {
    podSecurity: PodSecurityConfiguration;
    nodeSelectors: NodeSelectors;
    tolerations: TolerationRestriction;
    /** Undefined: EventRateLimit cannot be turned on. */
    eventLimits: readonly EventLimit[] | undefined;
    limitedResources: readonly LimitedResource[];
}

export const defaultAdmissionConfiguration: AdmissionConfiguration = {
    podSecurity: defaultPodSecurity,
    nodeSelectors: {},
    tolerations: { defaults: [], allowed: [] },
    eventLimits: undefined,
    limitedResources: [],
};

/** What the content of a plugin's configuration changes. */
const readers: Readonly<Record<string, (content: unknown) => Partial<AdmissionConfiguration>>> = {
    PodSecurity: (content) => ({ podSecurity: readPodSecurity(content) }),
    PodNodeSelector: (content) => ({ nodeSelectors: readNodeSelectors(content) }),
    PodTolerationRestriction: (content) => ({ tolerations: readTolerationRestriction(content) }),
    EventRateLimit: (content) => ({ eventLimits: readEventLimits(content) }),
    ResourceQuota: (content) => ({ limitedResources: readLimitedResources(content) }),
    ValidatingAdmissionWebhook: readWebhookConfiguration,
    MutatingAdmissionWebhook: readWebhookConfiguration,
};

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
        const name = text(entry.name);
        const why = Object.hasOwn(notBuilt, name) ? notBuilt[name] : undefined;
        if (why !== undefined) {
            throw new Error(`the admission plugin "${name}" is not built into this API server: ${why}`);
        }
        const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
        if (read === undefined) throw new Error(`the admission plugin "${name}" takes no configuration`);
        configuration = { ...configuration, ...read(await contentOf(entry, readFile)) };
    }
    return configuration;
}

/** Credentials for webhooks are not built: a configuration that names some is refused rather than ignored. */
function readWebhookConfiguration(content: unknown): Partial<AdmissionConfiguration> {
    const { apiVersion, kind, kubeConfigFile = '' } = (content ?? {}) as Record<string, unknown>;
    const isKnown =
        (kind === 'WebhookAdmissionConfiguration' && apiVersion === 'apiserver.config.k8s.io/v1') ||
        (kind === 'WebhookAdmission' && apiVersion === 'apiserver.config.k8s.io/v1alpha1');
    if (!isKnown) {
        throw new Error('expected a WebhookAdmissionConfiguration of apiserver.config.k8s.io/v1');
    }
    if (kubeConfigFile !== '') {
        throw new Error(
            'kubeConfigFile is not built: this API server presents no credentials to admission webhooks',
        );
    }
    return {};
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
