import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1ContainerResizePolicy } from '../../../../meta/object.ts';
import { dnsLabel, each, isBlank, items, oneOf } from '../../../validation/basic.ts';
import { validateResources } from '../../../validation/resources.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateHostPortConflicts, validatePorts } from './ports.ts';
import { validateLifecycle, validateProbe } from './probes.ts';
import { validateContainerRestartPolicy } from './restart-policy.ts';
import { validateSecurityContext } from './security-context.ts';
import { validateVolumeDevices, validateVolumeMounts, type VolumesByName } from './volume-mounts.ts';

/** What the rules for one container need to know of its pod. */
export interface PodFacts {
    volumes: VolumesByName;
    /** Names of the pod's resource claims. */
    claimNames: ReadonlySet<string>;
    graceSeconds: number | undefined;
    restartPolicy: string | undefined;
    /** False when the pod has its own user namespace. */
    hostUsers: boolean;
}

/** Rules that regular, init and ephemeral containers share. */
export function validateContainerCommon(container: V1Container, path: string, pod: PodFacts): FieldError[] {
    return [
        ...(isBlank(container.name)
            ? [fieldErrors.required(`${path}.name`)]
            : dnsLabel(container.name, `${path}.name`)),
        ...(isBlank(container.image) ? [fieldErrors.required(`${path}.image`)] : []),
        ...oneOf(container.terminationMessagePolicy, `${path}.terminationMessagePolicy`, [
            'File',
            'FallbackToLogsOnError',
        ]),
        ...validatePorts(container.ports, `${path}.ports`),
        ...validateEnv(container.env, `${path}.env`),
        ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
        ...validateVolumeMounts(container, `${path}.volumeMounts`, pod.volumes),
        ...validateVolumeDevices(container, `${path}.volumeDevices`, pod.volumes),
        ...oneOf(container.imagePullPolicy, `${path}.imagePullPolicy`, ['Always', 'IfNotPresent', 'Never']),
        ...validateResources(container.resources, `${path}.resources`, pod.claimNames),
        ...validateResizePolicy(container.resizePolicy, `${path}.resizePolicy`, pod.restartPolicy),
        ...validateSecurityContext(container.securityContext, `${path}.securityContext`, pod.hostUsers),
    ];
}

/** Probes and lifecycle hooks: of containers that keep running. */
function validateActions(container: V1Container, path: string, pod: PodFacts): FieldError[] {
    return [
        ...validateLifecycle(container.lifecycle, `${path}.lifecycle`, pod.graceSeconds),
        ...validateProbe('livenessProbe', container.livenessProbe, `${path}.livenessProbe`),
        ...validateProbe('readinessProbe', container.readinessProbe, `${path}.readinessProbe`),
        ...validateProbe('startupProbe', container.startupProbe, `${path}.startupProbe`),
    ];
}

export function validateContainers(
    containers: readonly V1Container[],
    path: string,
    pod: PodFacts,
): FieldError[] {
    if (containers.length === 0) return [fieldErrors.required(path)];
    const names = new Set<string>();
    return [
        ...each(containers, path, (container, itemPath) => [
            ...validateContainerCommon(container, itemPath, pod),
            ...uniqueName(container, itemPath, names),
            ...validateActions(container, itemPath, pod),
            ...validateContainerRestartPolicy(container, itemPath),
        ]),
        ...validateHostPortConflicts(containers, path),
    ];
}

const actionFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function validateInitContainers(
    containers: readonly V1Container[],
    regular: readonly V1Container[],
    { path, pod }: { path: string; pod: PodFacts },
): FieldError[] {
    const names = new Set(regular.map((container) => container.name));
    return each(containers, path, (container, itemPath) => [
        ...validateContainerCommon(container, itemPath, pod),
        ...validateContainerRestartPolicy(container, itemPath),
        ...uniqueName(container, itemPath, names),
        ...validateHostPortConflicts([container], path),
        ...(container.restartPolicy === 'Always'
            ? validateActions(container, itemPath, pod)
            : forbidActions(container, itemPath)),
    ]);
}

function forbidActions(container: V1Container, path: string): FieldError[] {
    return actionFields
        .filter((field) => container[field] !== undefined)
        .map((field) =>
            fieldErrors.forbidden(
                `${path}.${field}`,
                'may not be set for init containers without restartPolicy=Always',
            ),
        );
}

export function uniqueName({ name }: V1Container, path: string, names: Set<string>): FieldError[] {
    if (isBlank(name)) return [];
    if (names.has(name)) return [fieldErrors.duplicate(`${path}.name`, name)];
    names.add(name);
    return [];
}

const resizeRestartPolicies = ['NotRequired', 'RestartContainer'];

function validateResizePolicy(
    policies: V1ContainerResizePolicy[] | undefined,
    path: string,
    podRestartPolicy: string | undefined,
): FieldError[] {
    const seen = new Set<string>();
    return items(policies).flatMap(({ resourceName, restartPolicy }, index) => {
        const errors: FieldError[] = [];
        if (seen.has(resourceName)) errors.push(fieldErrors.duplicate(`${path}[${index}]`, resourceName));
        seen.add(resourceName);
        errors.push(...oneOf(resourceName, path, ['cpu', 'memory']));
        errors.push(...oneOf(restartPolicy, path, resizeRestartPolicies));
        if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
            const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(fieldErrors.invalid(path, restartPolicy, detail));
        }
        return errors;
    });
}
