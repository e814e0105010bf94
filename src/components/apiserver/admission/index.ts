import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Client } from '../../../client/client.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { ClusterAuthorizer } from '../authz/authorizer.ts';
import { createEscalationGuard } from '../authz/escalation.ts';
import type { ObjectReader } from '../object-reader.ts';
import { alwaysAdmit, alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { type AdmissionConfiguration, defaultAdmissionConfiguration } from './configuration.ts';
import type { PluginContext } from './context.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { deviceGuard } from './devices/device-guard.ts';
import { denyServiceExternalIPs } from './deny-service-external-ips.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { expressionGuard } from './expressions/expression-guard.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { imagePolicyWebhook } from './image-policy.ts';
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts';
import { limitRanger } from './limit-ranger.ts';
import { AdmissionMetrics } from './metrics.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts';
import { nodeRestriction } from './node-restriction.ts';
import { notBuilt } from './not-built.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { isOnByDefault } from './plugin-names.ts';
import { podNodeSelector } from './pod-node-selector.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTolerationRestriction } from './pod-toleration-restriction.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
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

type CreatePlugin = (context: PluginContext) => AdmissionPlugin;

/** In the order in which they run, which is upstream's; quota near the end, so that it charges only what passed. */
const plugins: Readonly<Record<string, CreatePlugin>> = {
    AlwaysAdmit: alwaysAdmit,
    NamespaceAutoProvision: namespaceAutoProvision,
    NamespaceLifecycle: namespaceLifecycle,
    NamespaceExists: namespaceExists,
    LimitPodHardAntiAffinityTopology: limitPodHardAntiAffinityTopology,
    LimitRanger: limitRanger,
    ServiceAccount: serviceAccountPlugin,
    NodeRestriction: nodeRestriction,
    TaintNodesByCondition: taintNodesByCondition,
    AlwaysPullImages: alwaysPullImages,
    ImagePolicyWebhook: imagePolicyWebhook,
    PodSecurity: podSecurity,
    PodNodeSelector: podNodeSelector,
    Priority: priority,
    DefaultTolerationSeconds: defaultTolerationSeconds,
    PodTolerationRestriction: podTolerationRestriction,
    EventRateLimit: eventRateLimit,
    ExtendedResourceToleration: extendedResourceToleration,
    DefaultStorageClass: defaultStorageClass,
    StorageObjectInUseProtection: storageObjectInUseProtection,
    OwnerReferencesPermissionEnforcement: ownerReferencesPermissionEnforcement,
    PersistentVolumeClaimResize: persistentVolumeClaimResize,
    RuntimeClass: runtimeClass,
    CertificateApproval: certificateApproval,
    CertificateSigning: certificateSigning,
    CertificateSubjectRestriction: certificateSubjectRestriction,
    DefaultIngressClass: defaultIngressClass,
    DenyServiceExternalIPs: denyServiceExternalIPs,
    PodTopologyLabels: podTopologyLabels,
    MutatingAdmissionPolicy: mutatingAdmissionPolicy,
    MutatingAdmissionWebhook: mutatingAdmissionWebhook,
    ValidatingAdmissionPolicy: validatingAdmissionPolicy,
    ValidatingAdmissionWebhook: validatingAdmissionWebhook,
    ResourceQuota: resourceQuota,
    AlwaysDeny: alwaysDeny,
};

/** Names of the plugins that can be turned on, in running order. */
export const admissionPluginNames: readonly string[] = Object.keys(plugins);

/** Throws for names that no plugin has, and for plugins that are both on and off or not built. */
export function checkPluginNames({
    enable,
    disable,
    only = [],
}: Pick<AdmissionOptions, 'enable' | 'disable' | 'only'>): void {
    if (only.length > 0 && enable.length + disable.length > 0) {
        throw new Error(
            'admission-control and enable-admission-plugins/disable-admission-plugins are mutually exclusive',
        );
    }
    const flags = {
        'admission-control': only,
        'enable-admission-plugins': enable,
        'disable-admission-plugins': disable,
    };
    for (const [flag, names] of Object.entries(flags)) {
        for (const name of names) {
            if (Object.hasOwn(plugins, name)) continue;
            if (!Object.hasOwn(notBuilt, name)) {
                const known = [...admissionPluginNames].sort().join(', ');
                throw new Error(`${flag} plugin "${name}" is unknown: known are ${known}`);
            }
            if (names === disable) continue;
            const why = notBuilt[name] ?? '';
            throw new Error(`${flag} plugin "${name}" is not built into this API server: ${why}`);
        }
    }
    const both = enable.filter((name) => disable.includes(name));
    if (both.length > 0) {
        throw new Error(
            `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`,
        );
    }
}

/** The enabled plugins in their order. Throws an Error for a choice that cannot be. */
export function createAdmission(options: AdmissionOptions): AdmissionPlugin[] {
    const { reader, client, enable, disable } = options;
    checkPluginNames(options);
    const only = options.only ?? [];
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
    const wanted = (name: string) =>
        enable.includes(name) || (only.length > 0 ? only.includes(name) : isOnByDefault(name));
    const chosen = Object.entries(plugins)
        .filter(([name]) => wanted(name) && !disable.includes(name))
        .map(([, create]) => create(context));
    // Not among the names: these cannot be turned off.
    const always = authorizer === undefined ? [] : [createEscalationGuard(authorizer)];
    return [expressionGuard(context), deviceGuard(context), ...always, ...chosen];
}

export { readAdmissionConfiguration } from './configuration.ts';
export { AdmissionMetrics } from './metrics.ts';
export { reconcileSystemPriorityClasses } from './priority.ts';
