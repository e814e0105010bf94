import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1PodSpec, V1WindowsSecurityContextOptions } from '../../../../meta/object.ts';
import { dnsSubdomain, isBlank, items, oneOf } from '../../../validation/basic.ts';

const credentialSpecBytesMax = 64 * 1024;
const domainCharactersMax = 256;
const userCharactersMax = 104;

/** Fields of a pod, of its security context and of those of its containers that Windows has nothing for. */
const linuxOnly = {
    context: [
        'appArmorProfile',
        'seLinuxOptions',
        'seccompProfile',
        'fsGroup',
        'fsGroupChangePolicy',
        'sysctls',
        'runAsUser',
        'runAsGroup',
        'supplementalGroups',
        'supplementalGroupsPolicy',
    ],
    pod: ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
    container: [
        'appArmorProfile',
        'seLinuxOptions',
        'seccompProfile',
        'capabilities',
        'readOnlyRootFilesystem',
        'privileged',
        'allowPrivilegeEscalation',
        'procMount',
        'runAsUser',
        'runAsGroup',
    ],
} as const;

/** Fields that say nothing when they are false. */
const flags = new Set(['hostPID', 'hostIPC']);

interface Placed {
    container: Pick<V1Container, 'securityContext'>;
    path: string;
}

function allContainers(spec: V1PodSpec, path: string): Placed[] {
    return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
        items<Placed['container']>(spec[field]).map((container, index) => ({
            container,
            path: `${path}.${field}[${index}]`,
        })),
    );
}

/** The operating system of a pod, and the fields that only the other one has. */
export function validatePodOs(spec: V1PodSpec, path: string): FieldError[] {
    const { os } = spec;
    if (os === undefined) return [];
    if (isBlank(os.name)) return [fieldErrors.required(`${path}.os.name`, 'cannot be empty')];
    const errors = oneOf(os.name, `${path}.os`, ['linux', 'windows']);
    if (errors.length > 0) return errors;
    return os.name === 'linux' ? forbidWindowsOptions(spec, path) : forbidLinuxFields(spec, path);
}

function forbidWindowsOptions(spec: V1PodSpec, path: string): FieldError[] {
    const contexts = [
        { path, context: spec.securityContext },
        ...allContainers(spec, path).map((one) => ({
            path: one.path,
            context: one.container.securityContext,
        })),
    ];
    const detail = 'windows options cannot be set for a linux pod';
    return contexts
        .filter(({ context }) => context?.windowsOptions !== undefined)
        .map((one) => fieldErrors.forbidden(`${one.path}.securityContext.windowsOptions`, detail));
}

function forbidLinuxFields(spec: V1PodSpec, path: string): FieldError[] {
    return [
        ...forbidFields(spec.securityContext, `${path}.securityContext`, linuxOnly.context),
        ...forbidFields(spec, path, linuxOnly.pod),
        ...allContainers(spec, path).flatMap((one) =>
            forbidFields(one.container.securityContext, `${one.path}.securityContext`, linuxOnly.container),
        ),
    ];
}

function forbidFields<T extends object>(
    object: T | undefined,
    path: string,
    fields: readonly (keyof T & string)[],
): FieldError[] {
    if (object === undefined) return [];
    return fields
        .filter((field) => {
            const value: unknown = object[field];
            if (Array.isArray(value)) return value.length > 0;
            return flags.has(field) ? value === true : value !== undefined;
        })
        .map((field) => fieldErrors.forbidden(`${path}.${field}`, 'cannot be set for a windows pod'));
}

/** Containers that run as processes of a Windows host: all of a pod or none, and on the host's network. */
export function validateHostProcess(spec: V1PodSpec, path: string): FieldError[] {
    const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
    const containers = allContainers(spec, path);
    const errors: FieldError[] = [];
    let count = 0;
    for (const one of containers) {
        const own = one.container.securityContext?.windowsOptions?.hostProcess;
        if (own ?? ofPod ?? false) count++;
        if (own === undefined || ofPod === undefined || own === ofPod) continue;
        const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
        const field = `${one.path}.securityContext.windowsOptions.hostProcess`;
        errors.push(fieldErrors.invalid(field, own, detail));
    }
    if (count === 0) return errors;
    if (count !== containers.length) {
        const detail =
            'If pod contains any hostProcess containers then all containers must be HostProcess containers';
        errors.push(fieldErrors.invalid(path, '', detail));
    }
    if (spec.hostNetwork !== true) {
        const detail = 'hostNetwork must be true if pod contains any hostProcess containers';
        errors.push(fieldErrors.invalid(`${path}.hostNetwork`, false, detail));
    }
    return errors;
}

/** `windowsOptions` of a pod or of a container. */
export function validateWindowsOptions(
    options: V1WindowsSecurityContextOptions | undefined,
    path: string,
): FieldError[] {
    if (options === undefined) return [];
    const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
    const errors =
        gmsaCredentialSpecName === undefined
            ? []
            : dnsSubdomain(gmsaCredentialSpecName, `${path}.gmsaCredentialSpecName`);
    const specPath = `${path}.gmsaCredentialSpec`;
    if (gmsaCredentialSpec === '') {
        const detail = 'gmsaCredentialSpec cannot be an empty string';
        errors.push(fieldErrors.invalid(specPath, gmsaCredentialSpec, detail));
    } else if ((gmsaCredentialSpec ?? '').length > credentialSpecBytesMax) {
        const detail = `gmsaCredentialSpec size must be under ${credentialSpecBytesMax / 1024} KiB`;
        errors.push(fieldErrors.invalid(specPath, gmsaCredentialSpec, detail));
    }
    const problem = runAsUserName === undefined ? undefined : userNameProblem(runAsUserName);
    return problem === undefined
        ? errors
        : [...errors, fieldErrors.invalid(`${path}.runAsUserName`, runAsUserName, problem)];
}

/** "DOMAIN\user" or "user" */
function userNameProblem(name: string): string | undefined {
    if (name === '') return 'runAsUserName cannot be an empty string';
    if (/[\u0000-\u001f\u007f]/.test(name)) return 'runAsUserName cannot contain control characters';
    const parts = name.split('\\');
    if (parts.length > 2) return 'runAsUserName cannot contain more than one backslash';
    const user = parts.at(-1) ?? '';
    const domain = parts.length === 2 ? parts[0] : undefined;
    return (domain === undefined ? undefined : domainProblem(domain)) ?? userProblem(user);
}

function domainProblem(domain: string): string | undefined {
    if (domain.length >= domainCharactersMax) {
        return `runAsUserName's Domain length must be under ${domainCharactersMax} characters`;
    }
    const isNetBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/.test(domain);
    const isDns = domain
        .split('.')
        .every((label) => /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(label));
    return isNetBios || isDns
        ? undefined
        : "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
}

function userProblem(user: string): string | undefined {
    if (user === '') return "runAsUserName's User cannot be empty";
    if (user.length > userCharactersMax) {
        return `runAsUserName's User length must not be longer than ${userCharactersMax} characters`;
    }
    if (/^[. ]+$/.test(user)) return "runAsUserName's User cannot contain only periods or spaces";
    return /["/\\:;|=,+*?<>@[\]]/.test(user)
        ? `runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`
        : undefined;
}
