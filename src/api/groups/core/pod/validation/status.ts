import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1ContainerStatus, V1Pod, V1PodStatus } from '../../../../meta/object.ts';
import { dnsSubdomain, each, immutable, isBlank, items, qualifiedName } from '../../../validation/basic.ts';
import { ipFamilyOf } from '../../../validation/formats.ts';
import { ipAddress } from '../../../validation/ip-fields.ts';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** What a kubelet may write into a pod's status (core/validation ValidatePodStatusUpdate). */
export function validatePodStatusUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
    const status = pod.status ?? {};
    const before = old.status ?? {};
    const { nominatedNodeName } = status;
    return [
        ...each(status.conditions, 'status.conditions', ({ type }, path) =>
            systemConditions.has(type) ? [] : qualifiedName(type, `${path}.Type`),
        ),
        ...(isBlank(nominatedNodeName) || nominatedNodeName === before.nominatedNodeName
            ? []
            : dnsSubdomain(nominatedNodeName, 'status.nominatedNodeName')),
        ...(before.qosClass === undefined
            ? []
            : immutable(status.qosClass, before.qosClass, 'status.qosClass')),
        ...validateTransitions(pod, status, before),
        ...validateIps(status, before, 'podIPs'),
        ...validateIps(status, before, 'hostIPs'),
    ];
}

/** A container that has ended for good stays ended. */
function validateTransitions(pod: V1Pod, status: V1PodStatus, before: V1PodStatus): FieldError[] {
    const policy = pod.spec?.restartPolicy ?? 'Always';
    const own = new Map(
        [...items(pod.spec?.containers), ...items(pod.spec?.initContainers)].map((container) => [
            container.name,
            container.restartPolicyRules === undefined ? container.restartPolicy : 'Always',
        ]),
    );
    const policyOf = (name: string) => own.get(name) ?? policy;
    return [
        ...ended(status.containerStatuses, before.containerStatuses, {
            path: 'status.containerStatuses',
            policyOf,
        }),
        ...ended(status.initContainerStatuses, before.initContainerStatuses, {
            path: 'status.initContainerStatuses',
            policyOf,
        }),
        ...ended(status.ephemeralContainerStatuses, before.ephemeralContainerStatuses, {
            path: 'status.ephemeralContainerStatuses',
            policyOf: () => 'Never',
        }),
    ];
}

function ended(
    statuses: V1ContainerStatus[] | undefined,
    before: V1ContainerStatus[] | undefined,
    { path, policyOf }: { path: string; policyOf: (name: string) => string },
): FieldError[] {
    return each(before, path, ({ name, state }, itemPath) => {
        const policy = policyOf(name);
        if (state?.terminated === undefined || policy === 'Always') return [];
        if (state.terminated.exitCode !== 0 && policy === 'OnFailure') return [];
        const revived = items(statuses).some(
            (status) => status.name === name && status.state?.terminated === undefined,
        );
        return revived
            ? [fieldErrors.forbidden(`${itemPath}.state`, 'may not be transitioned to non-terminated state')]
            : [];
    });
}

function validateIps(status: V1PodStatus, before: V1PodStatus, field: 'podIPs' | 'hostIPs'): FieldError[] {
    const kept = items(before[field]).map(({ ip }) => ip);
    const path = `status.${field}`;
    const addresses = items(status[field]);
    const errors = each(addresses, path, ({ ip }, itemPath) => ipAddress(ip, itemPath, kept));
    const families = new Set(addresses.map(({ ip }) => ipFamilyOf(ip)));
    if (addresses.length > families.size) {
        const detail = 'may specify no more than one IP for each IP family';
        errors.push(fieldErrors.invalid(path, addresses, detail));
    }
    return errors;
}
