import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Client } from '../../../client/client.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { ClusterAuthorizer } from '../authz/authorizer.ts';
import { createEscalationGuard } from '../authz/escalation.ts';
import type { ObjectReader } from '../object-reader.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { type AdmissionConfiguration, defaultAdmissionConfiguration } from './configuration.ts';
import type { PluginContext } from './context.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { expressionGuard } from './expressions/expression-guard.ts';
import { limitRanger } from './limit-ranger.ts';
import { AdmissionMetrics } from './metrics.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { mutatingAdmissionPolicy } from './policy/mutating.ts';
import { validatingAdmissionPolicy } from './policy/validating.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './quota/resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccountPlugin } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { mutatingAdmissionWebhook } from './webhook/mutating.ts';
import { validatingAdmissionWebhook } from './webhook/validating.ts';

export interface AdmissionOptions {
    reader: ObjectReader;
    /** Called for the first request, not before: the client is that of this same API server. */
    client: () => Client;
    /** --enable-admission-plugins: in addition to the default ones. */
    enable: readonly string[];
    /** --disable-admission-plugins. */
    disable: readonly string[];
    /** --admission-control: exactly these instead of the default ones. Empty or absent: the default ones. */
    only?: readonly string[];
    /** Adds the guard against granting more than one has, which no flag turns off. */
    authorizer?: ClusterAuthorizer;
    clock?: Clock;
    /** Every resource that is served: rules for one version of a resource also hold for its others. */
    definitions?: () => readonly ResourceDefinition[];
    /** Loads the compiler of expressions. Without it, what has expressions is refused. */
    expressions?: () => Promise<CelCompiler>;
    /** --admission-control-config-file. */
    configuration?: AdmissionConfiguration;
    /** Where webhook calls are counted. */
    metrics?: AdmissionMetrics;
}

interface PluginEntry {
    create: (context: PluginContext) => AdmissionPlugin;
    byDefault: boolean;
}

/** In the order in which they run, which is upstream's; quota last, so that it charges only what passed. */
const plugins: Readonly<Record<string, PluginEntry>> = {
    NamespaceLifecycle: { create: namespaceLifecycle, byDefault: true },
    LimitRanger: { create: limitRanger, byDefault: true },
    ServiceAccount: { create: serviceAccountPlugin, byDefault: true },
    NodeRestriction: { create: nodeRestriction, byDefault: true },
    TaintNodesByCondition: { create: taintNodesByCondition, byDefault: true },
    AlwaysPullImages: { create: alwaysPullImages, byDefault: false },
    PodSecurity: { create: podSecurity, byDefault: true },
    Priority: { create: priority, byDefault: true },
    DefaultTolerationSeconds: { create: defaultTolerationSeconds, byDefault: true },
    DefaultStorageClass: { create: defaultStorageClass, byDefault: true },
    StorageObjectInUseProtection: { create: storageObjectInUseProtection, byDefault: true },
    PersistentVolumeClaimResize: { create: persistentVolumeClaimResize, byDefault: true },
    RuntimeClass: { create: runtimeClass, byDefault: true },
    CertificateApproval: { create: certificateApproval, byDefault: true },
    CertificateSigning: { create: certificateSigning, byDefault: true },
    CertificateSubjectRestriction: { create: certificateSubjectRestriction, byDefault: true },
    DefaultIngressClass: { create: defaultIngressClass, byDefault: true },
    MutatingAdmissionPolicy: { create: mutatingAdmissionPolicy, byDefault: true },
    MutatingAdmissionWebhook: { create: mutatingAdmissionWebhook, byDefault: true },
    ValidatingAdmissionPolicy: { create: validatingAdmissionPolicy, byDefault: true },
    ValidatingAdmissionWebhook: { create: validatingAdmissionWebhook, byDefault: true },
    ResourceQuota: { create: resourceQuota, byDefault: true },
};

/** Names that --enable-admission-plugins and --disable-admission-plugins take, in running order. */
export const admissionPluginNames: readonly string[] = Object.keys(plugins);

/** The enabled plugins in their order. Throws for a name that is none, and for one both on and off. */
export function createAdmission(options: AdmissionOptions): AdmissionPlugin[] {
    const { reader, client, enable, disable } = options;
    const only = options.only ?? [];
    for (const name of [...enable, ...disable, ...only]) {
        if (!Object.hasOwn(plugins, name)) {
            throw new Error(
                `unknown admission plugin "${name}": known are ${[...admissionPluginNames].sort().join(', ')}`,
            );
        }
    }
    const both = enable.find((name) => disable.includes(name));
    if (both !== undefined) throw new Error(`admission plugin "${both}" is both enabled and disabled`);
    const { authorizer } = options;
    const context: PluginContext = {
        reader,
        client,
        clock: options.clock ?? systemClock,
        authorizer,
        definitions: options.definitions ?? (() => []),
        expressions: options.expressions,
        configuration: options.configuration ?? defaultAdmissionConfiguration,
        metrics: options.metrics ?? new AdmissionMetrics(),
    };
    const wanted = (name: string, byDefault: boolean) =>
        enable.includes(name) || (only.length > 0 ? only.includes(name) : byDefault);
    const chosen = Object.entries(plugins)
        .filter(([name, { byDefault }]) => wanted(name, byDefault) && !disable.includes(name))
        .map(([, { create }]) => create(context));
    // Not among the names: these cannot be turned off.
    const always = authorizer === undefined ? [] : [createEscalationGuard(authorizer)];
    return [expressionGuard(context), ...always, ...chosen];
}

export { readAdmissionConfiguration } from './configuration.ts';
export { AdmissionMetrics } from './metrics.ts';
export { reconcileSystemPriorityClasses } from './priority.ts';
