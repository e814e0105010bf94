import { fieldErrors } from '../../../../api/meta/field-error.ts';
import type { ApiObject, V1Namespace, V1Pod, V1PodTemplateSpec } from '../../../../api/meta/object.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { forbidden } from '../forbidden.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import { namespaceOf } from '../matching/selectors.ts';
import type { PodLike } from './checks/check.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import { detailText, evaluate } from './evaluate.ts';
import {
    formatLevelVersion,
    isSameLevelVersion,
    type LabelError,
    levels,
    type Policy,
    policyOf,
} from './levels.ts';
import { warningsAboutPods } from './namespace-pods.ts';

const annotationPrefix = 'pod-security.kubernetes.io/';
/** What these do to a pod is not in its spec. All others could change it. */
const harmlessSubresources: ReadonlySet<string> = new Set([
    'exec',
    'attach',
    'binding',
    'eviction',
    'log',
    'portforward',
    'proxy',
    'status',
]);
const controllers: ReadonlySet<string> = new Set([
    'replicationcontrollers',
    'podtemplates',
    'replicasets.apps',
    'deployments.apps',
    'statefulsets.apps',
    'daemonsets.apps',
    'jobs.batch',
    'cronjobs.batch',
]);
const containerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';

/** Holds pods to the Pod Security Standards as the labels of their namespace say. */
export function podSecurity(context: PluginContext): AdmissionPlugin {
    const { podSecurity: configuration } = context.configuration;
    return {
        name: 'PodSecurity',
        handles: ({ operation, definition }) =>
            (operation === 'CREATE' || operation === 'UPDATE') && kindOf(definition) !== undefined,
        async validate(request) {
            switch (kindOf(request.definition)) {
                case 'namespace':
                    checkNamespace(context, request);
                    return;
                case 'pod':
                    if (harmlessSubresources.has(request.subresource)) return;
                    if (request.operation === 'UPDATE' && !isSignificant(request)) return;
                    await checkPod(context, request, { pod: request.object as V1Pod, enforces: true });
                    return;
                case 'controller': {
                    const template = request.subresource === '' ? templateOf(request.object) : undefined;
                    if (template !== undefined)
                        await checkPod(context, request, { pod: template, enforces: false });
                    return;
                }
                case undefined:
                    return;
            }
        },
    };

    function kindOf({
        group,
        plural,
    }: AdmissionRequest['definition']): 'namespace' | 'pod' | 'controller' | undefined {
        if (group === '' && plural === 'namespaces') return 'namespace';
        if (group === '' && plural === 'pods') return 'pod';
        return controllers.has(group === '' ? plural : `${plural}.${group}`) ? 'controller' : undefined;
    }

    async function checkPod(
        plugins: PluginContext,
        request: AdmissionRequest,
        { pod, enforces }: { pod: V1Pod | V1PodTemplateSpec; enforces: boolean },
    ): Promise<void> {
        const exempt = exemptionOf(configuration, request);
        if (exempt !== undefined) {
            request.annotate(`${annotationPrefix}exempt`, exempt);
            return;
        }
        const namespace = await namespaceOf(plugins, request.namespace);
        const { policy, errors } = policyOf(namespace.metadata?.labels, configuration.defaults);
        const used = enforces ? [policy.enforce, policy.audit, policy.warn] : [policy.audit, policy.warn];
        const looked = lookedAt(request, { policy, enforces, metrics: plugins.metrics });
        if (errors.length === 0 && used.every(({ level }) => level === 'privileged')) {
            looked('enforce', []);
            return;
        }
        const runtimeClass = pod.spec?.runtimeClassName;
        if (runtimeClass && configuration.runtimeClasses.has(runtimeClass)) {
            request.annotate(`${annotationPrefix}exempt`, 'runtimeClass');
            return;
        }
        if (errors.length > 0) {
            const text = errors.map(
                ({ key, value, message }) => `${key}: Invalid value: "${value}": ${message}`,
            );
            request.annotate(`${annotationPrefix}error`, `Failed to parse policy: ${text.join(', ')}`);
        }
        if (pod.spec === undefined) return;
        judge(request, { metadata: pod.metadata ?? {}, spec: pod.spec }, { policy, enforces, looked });
    }
}

/** Counts what was found by one of the three levels that hold in a namespace. */
type Looked = (mode: 'enforce' | 'audit' | 'warn', violations: readonly unknown[]) => void;

function lookedAt(
    { operation, subresource }: AdmissionRequest,
    { policy, enforces, metrics }: { policy: Policy; enforces: boolean; metrics: AdmissionMetrics },
): Looked {
    const resource = enforces ? 'pod' : 'controller';
    return (mode, violations) => {
        const [level = '', version = ''] = formatLevelVersion(policy[mode]).split(':');
        const decision = violations.length > 0 ? 'deny' : 'allow';
        const about = { operation: operation.toLowerCase(), resource, subresource } as const;
        metrics.podEvaluated({ mode, level, version, decision, ...about });
    };
}

function judge(
    request: AdmissionRequest,
    pod: PodLike,
    { policy, enforces, looked }: { policy: Policy; enforces: boolean; looked: Looked },
): void {
    const { enforce, audit, warn } = policy;
    if (enforces) request.annotate(`${annotationPrefix}enforce-policy`, formatLevelVersion(enforce));
    const refusals = enforces ? evaluate(pod, enforce) : [];
    if (enforces) looked('enforce', refusals);
    const remarks = evaluate(pod, audit);
    if (remarks.length > 0) {
        looked('audit', remarks);
        request.annotate(
            `${annotationPrefix}audit-violations`,
            `would violate PodSecurity "${formatLevelVersion(audit)}": ${detailText(remarks)}`,
        );
    }
    if (refusals.length > 0) {
        throw forbidden(
            request,
            `violates PodSecurity "${formatLevelVersion(enforce)}": ${detailText(refusals)}`,
        );
    }
    const warnings = evaluate(pod, warn);
    if (warnings.length > 0) {
        looked('warn', warnings);
        request.warn(`would violate PodSecurity "${formatLevelVersion(warn)}": ${detailText(warnings)}`);
    }
}

function exemptionOf(
    { namespaces, usernames }: PodSecurityConfiguration,
    { namespace, identity }: AdmissionRequest,
): 'namespace' | 'user' | undefined {
    if (namespaces.has(namespace)) return 'namespace';
    return usernames.has(identity.username) ? 'user' : undefined;
}

/** Labels must be valid; a stricter level tells which pods of the namespace do not meet it. */
function checkNamespace(context: PluginContext, request: AdmissionRequest): void {
    if (request.subresource !== '') return;
    const { defaults, namespaces } = context.configuration.podSecurity;
    const namespace = request.object as V1Namespace;
    const { policy, errors } = policyOf(namespace.metadata?.labels, defaults);
    if (request.operation === 'CREATE') {
        if (errors.length > 0) throw invalidLabels(request, errors);
        return;
    }
    const old = policyOf(request.oldObject?.metadata?.labels, defaults);
    // What was wrong before may be wrong still: the rest of the namespace must stay changeable.
    if (errors.length > 0 && JSON.stringify(errors) !== JSON.stringify(old.errors)) {
        throw invalidLabels(request, errors);
    }
    const [now, before] = [policy.enforce, old.policy.enforce];
    if (isSameLevelVersion(now, before) || now.level === 'privileged') return;
    if (now.version === before.version && levels.indexOf(now.level) < levels.indexOf(before.level)) return;
    const name = namespace.metadata?.name ?? request.name;
    if (namespaces.has(name)) return;
    for (const warning of warningsAboutPods(context, name, now)) request.warn(warning);
}

function invalidLabels(request: AdmissionRequest, errors: readonly LabelError[]): Error {
    const name = request.object?.metadata?.name ?? request.name;
    return statusErrors.invalid(
        'Namespace',
        '',
        name,
        errors.map(({ key, value, message }) =>
            fieldErrors.invalid(`metadata.labels[${key}]`, value, message),
        ),
    );
}

type Templated = ApiObject & {
    template?: V1PodTemplateSpec;
    spec?: { template?: V1PodTemplateSpec; jobTemplate?: { spec?: { template?: V1PodTemplateSpec } } };
};

function templateOf(object: ApiObject | undefined): V1PodTemplateSpec | undefined {
    const { template, spec } = (object ?? {}) as Templated;
    return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template;
}

/** Of what an update of a pod may change, only images and seccomp annotations matter, and new containers. */
function isSignificant({ object, oldObject }: AdmissionRequest): boolean {
    const pod = object as V1Pod;
    const old = oldObject as V1Pod;
    const annotations = pod.metadata?.annotations ?? {};
    const oldAnnotations = old.metadata?.annotations ?? {};
    if (annotations[podSeccomp] !== oldAnnotations[podSeccomp]) return true;
    const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
    return lists.some((list) => {
        const containers = pod.spec?.[list] ?? [];
        const before = old.spec?.[list] ?? [];
        if (list !== 'ephemeralContainers' && containers.length !== before.length) return true;
        return containers.some(({ name, image }, index) => {
            const same =
                list === 'ephemeralContainers' ? before.find((each) => each.name === name) : before[index];
            const key = containerPrefix + name;
            return same === undefined || same.image !== image || annotations[key] !== oldAnnotations[key];
        });
    });
}
