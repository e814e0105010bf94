import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { validateLabels } from '../../../../meta/names.ts';
import type { V1Container, V1PodSpec, V1PodTemplateSpec } from '../../../../meta/object.ts';
import {
    dnsLabel,
    dnsSubdomain,
    each,
    inRange,
    int32Max,
    isBlank,
    items,
    oneOf,
    optionalOneOf,
    qualifiedName,
} from '../../../validation/basic.ts';
import { validateResourceQuantity } from '../../../validation/resources.ts';
import { validateAffinity } from './affinity.ts';
import { type PodFacts, validateContainers, validateInitContainers } from './container.ts';
import { validateDnsConfig, validateHostAliases } from './dns.ts';
import { validateEphemeralContainers } from './ephemeral-containers.ts';
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from './scheduling.ts';
import { validateHostProcess, validatePodOs } from './os.ts';
import { validatePodResources } from './pod-resources.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateVolumes } from './volumes.ts';

export interface PodSpecContext {
    /** Name of the pod; templates have none. */
    podName?: string | undefined;
    /** True for a pod, false for the template of a workload. */
    isPod: boolean;
}

/** Everything that can be said of a PodSpec by itself (core/validation ValidatePodSpec). */
export function validatePodSpec(
    spec: V1PodSpec | undefined,
    path: string,
    context: PodSpecContext,
): FieldError[] {
    if (spec === undefined) return [fieldErrors.required(path)];
    const containers = items(spec.containers);
    const initContainers = items(spec.initContainers);
    const { volumes, errors } = validateVolumes(items(spec.volumes), `${path}.volumes`, context);
    const pod: PodFacts = {
        volumes,
        claimNames: new Set(items(spec.resourceClaims).map((claim) => claim.name)),
        graceSeconds: spec.terminationGracePeriodSeconds,
        restartPolicy: spec.restartPolicy,
        hostUsers: spec.hostUsers !== false,
    };
    const initPath = `${path}.initContainers`;
    return [
        ...errors,
        ...validateClaims(spec, `${path}.resourceClaims`),
        ...validateContainers(containers, `${path}.containers`, pod),
        ...validateInitContainers(initContainers, containers, { path: initPath, pod }),
        ...validateEphemeralContainers(spec, `${path}.ephemeralContainers`, pod),
        ...validatePodResources(spec, path),
        ...validateHostNetwork(spec, path, context),
        ...validateWords(spec, path),
        ...validatePodSecurityContext(spec.securityContext, `${path}.securityContext`, spec),
        ...validateAffinity(spec.affinity, `${path}.affinity`),
        ...validateDnsConfig(spec, `${path}.dnsConfig`),
        ...each(spec.readinessGates, `${path}.readinessGates`, (gate, itemPath) =>
            qualifiedName(gate.conditionType, `${itemPath}.conditionType`),
        ),
        ...validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`),
        ...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
        ...validateHostUsers(spec, path),
        ...validateReferences(spec, path),
        ...validateTolerations(spec.tolerations, `${path}.tolerations`),
        ...validateHostAliases(spec.hostAliases, `${path}.hostAliases`),
        ...validatePodOs(spec, path),
        ...validateHostProcess(spec, path),
    ];
}

function validateClaims(spec: V1PodSpec, path: string): FieldError[] {
    const names = new Set<string>();
    return each(spec.resourceClaims, path, (claim, itemPath) => {
        const { name, resourceClaimName, resourceClaimTemplateName } = claim;
        const errors = isBlank(name)
            ? [fieldErrors.required(`${itemPath}.name`)]
            : names.has(name)
              ? [fieldErrors.duplicate(`${itemPath}.name`, name)]
              : dnsLabel(name, `${itemPath}.name`);
        names.add(name);
        if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
            const detail =
                'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
            errors.push(fieldErrors.invalid(itemPath, claim, detail));
        }
        if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
            const detail = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
            errors.push(fieldErrors.invalid(itemPath, claim, detail));
        }
        return errors;
    });
}

/** A container on the host's network has no other ports than the host's. */
function validateHostNetwork(spec: V1PodSpec, path: string, { isPod }: PodSpecContext): FieldError[] {
    if (spec.hostNetwork !== true) return [];
    return each(spec.containers, `${path}.containers`, (container, containerPath) =>
        each(container.ports, `${containerPath}.ports`, ({ hostPort = 0, containerPort }, portPath) => {
            if (hostPort === containerPort || (!isPod && hostPort === 0)) return [];
            const detail = 'must match `containerPort` when `hostNetwork` is true';
            return [fieldErrors.invalid(`${portPath}.hostPort`, hostPort, detail)];
        }),
    );
}

const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

function validateWords(spec: V1PodSpec, path: string): FieldError[] {
    const { nodeSelector, overhead } = spec;
    return [
        ...oneOf(spec.restartPolicy, `${path}.restartPolicy`, ['Always', 'OnFailure', 'Never']),
        ...oneOf(spec.dnsPolicy, `${path}.dnsPolicy`, dnsPolicies),
        ...optionalOneOf(spec.preemptionPolicy, `${path}.preemptionPolicy`, [
            'Never',
            'PreemptLowerPriority',
        ]),
        ...validateLabels(nodeSelector, `${path}.nodeSelector`),
        ...inRange(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`, { low: 1, high: int32Max }),
        ...Object.entries(overhead ?? {}).flatMap(([name, quantity]) =>
            validateResourceQuantity(name, quantity, `${path}.overhead[${name}]`),
        ),
    ];
}

/** A pod with its own user namespace keeps its own of the others, too. */
function validateHostUsers(spec: V1PodSpec, path: string): FieldError[] {
    if (spec.hostUsers !== false) return [];
    const detail = 'when `hostUsers` is false';
    return (['hostNetwork', 'hostPID', 'hostIPC'] as const)
        .filter((field) => spec[field] === true)
        .map((field) => fieldErrors.forbidden(`${path}.${field}`, detail));
}

function validateReferences(spec: V1PodSpec, path: string): FieldError[] {
    const subdomains = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;
    const labels = ['hostname', 'subdomain'] as const;
    return [
        ...subdomains.flatMap((field) =>
            isBlank(spec[field]) ? [] : dnsSubdomain(spec[field], `${path}.${field}`),
        ),
        ...labels.flatMap((field) => (isBlank(spec[field]) ? [] : dnsLabel(spec[field], `${path}.${field}`))),
        ...validateHostnameOverride(spec, path),
    ];
}

function validateHostnameOverride(spec: V1PodSpec, path: string): FieldError[] {
    const { hostnameOverride } = spec;
    if (hostnameOverride === undefined) return [];
    const overridePath = `${path}.hostnameOverride`;
    const errors = dnsSubdomain(hostnameOverride, overridePath);
    if (hostnameOverride.length > 64) errors.push(fieldErrors.tooLong(overridePath, 64));
    if (spec.setHostnameAsFQDN === true) {
        const detail = 'setHostnameAsFQDN cannot be set to true when hostnameOverride is set';
        errors.push(fieldErrors.forbidden(overridePath, detail));
    }
    if (spec.hostNetwork === true) {
        errors.push(fieldErrors.forbidden(overridePath, 'cannot be used when hostNetwork is true'));
    }
    return errors;
}

/** Labels, annotations and spec of the pods that a workload makes. */
export function validatePodTemplate(template: V1PodTemplateSpec | undefined, path: string): FieldError[] {
    if (template === undefined) return [fieldErrors.required(path)];
    const errors = [
        ...validateLabels(template.metadata?.labels, `${path}.metadata.labels`),
        ...Object.keys(template.metadata?.annotations ?? {}).flatMap((key) =>
            qualifiedName(key.toLowerCase(), `${path}.metadata.annotations`),
        ),
        ...validatePodSpec(template.spec, `${path}.spec`, { isPod: false }),
    ];
    if (items(template.spec?.ephemeralContainers).length > 0) {
        const detail = 'ephemeral containers not allowed in pod template';
        errors.push(fieldErrors.forbidden(`${path}.spec.ephemeralContainers`, detail));
    }
    return errors;
}

/** Images of pods, other than those of templates, may not be padded. */
export function validateImagePadding(containers: readonly V1Container[], path: string): FieldError[] {
    const detail = 'must not have leading or trailing whitespace';
    return each(containers, path, ({ image = '' }, itemPath) =>
        image.trim() === image ? [] : [fieldErrors.invalid(`${itemPath}.image`, image, detail)],
    );
}
