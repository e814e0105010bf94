import { isAbsolute } from 'node:path';
import { fieldErrors, formatFieldError } from '../../../api/meta/field-error.ts';
import { parseYaml } from '../../../api/schema/parse.ts';
import { WebhookUsers } from '../webhook/webhook-users.ts';
import { type EventLimit, readEventLimits } from './event-rate-limit.ts';
import { type ImagePolicy, readImagePolicy } from './image-policy.ts';
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
    /** Who the API server is for validating and for mutating webhooks; undefined: nobody in particular. */
    webhookUsers: Readonly<Record<'validating' | 'mutating', WebhookUsers | undefined>>;
    /** Undefined: ImagePolicyWebhook cannot be turned on. */
    imagePolicy: ImagePolicy | undefined;
}

export const defaultAdmissionConfiguration: AdmissionConfiguration = {
    podSecurity: defaultPodSecurity,
    nodeSelectors: {},
    tolerations: { defaults: [], allowed: [] },
    eventLimits: undefined,
    limitedResources: [],
    webhookUsers: { validating: undefined, mutating: undefined },
    imagePolicy: undefined,
};

type Changes = Partial<AdmissionConfiguration>;

/** What the content of a plugin's configuration changes in what is there. */
const readers: Readonly<
    Record<string, (content: unknown, current: AdmissionConfiguration) => Changes | Promise<Changes>>
> = {
    ImagePolicyWebhook: async (content) => ({ imagePolicy: await readImagePolicy(content) }),
    PodSecurity: (content) => ({ podSecurity: readPodSecurity(content) }),
    PodNodeSelector: (content) => ({ nodeSelectors: readNodeSelectors(content) }),
    PodTolerationRestriction: (content) => ({ tolerations: readTolerationRestriction(content) }),
    EventRateLimit: (content) => ({ eventLimits: readEventLimits(content) }),
    ResourceQuota: (content) => ({ limitedResources: readLimitedResources(content) }),
    ValidatingAdmissionWebhook: async (content, { webhookUsers }) => ({
        webhookUsers: { ...webhookUsers, validating: await readWebhookConfiguration(content) },
    }),
    MutatingAdmissionWebhook: async (content, { webhookUsers }) => ({
        webhookUsers: { ...webhookUsers, mutating: await readWebhookConfiguration(content) },
    }),
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
        const changes = await read(await contentOf(entry, readFile), configuration);
        configuration = { ...configuration, ...changes };
    }
    return configuration;
}

/** The users of the kubeconfig that a WebhookAdmission names; undefined where it names none. */
async function readWebhookConfiguration(content: unknown): Promise<WebhookUsers | undefined> {
    const { apiVersion, kind, kubeConfigFile = '' } = (content ?? {}) as Record<string, unknown>;
    const isKnown =
        (kind === 'WebhookAdmissionConfiguration' && apiVersion === 'apiserver.config.k8s.io/v1') ||
        (kind === 'WebhookAdmission' && apiVersion === 'apiserver.config.k8s.io/v1alpha1');
    if (!isKnown) {
        throw new Error('expected a WebhookAdmissionConfiguration of apiserver.config.k8s.io/v1');
    }
    if (kubeConfigFile === '') return undefined;
    if (typeof kubeConfigFile !== 'string' || !isAbsolute(kubeConfigFile)) {
        const why = 'must be an absolute file path';
        throw new Error(formatFieldError(fieldErrors.invalid('kubeConfigFile', kubeConfigFile, why)));
    }
    return await WebhookUsers.load(kubeConfigFile);
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
