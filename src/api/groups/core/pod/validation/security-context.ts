import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type {
    V1AppArmorProfile,
    V1PodSecurityContext,
    V1PodSpec,
    V1SeccompProfile,
    V1SecurityContext,
    V1Sysctl,
} from '../../../../meta/object.ts';
import {
    each,
    formatErrors,
    isBlank,
    items,
    localDescendingPath,
    optionalOneOf,
} from '../../../validation/basic.ts';
import type { Incomplete } from '../../../incomplete.ts';
import { isUserOrGroupId } from '../../../validation/formats.ts';
import { validateWindowsOptions } from './os.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** PATH_MAX - 1. */
const profilePathBytesMax = 4095;

function id(value: number | undefined, path: string): FieldError[] {
    return value === undefined ? [] : formatErrors(value, path, isUserOrGroupId(value));
}

export function validateSecurityContext(
    context: V1SecurityContext | undefined,
    path: string,
    hostUsers: boolean,
): FieldError[] {
    if (context === undefined) return [];
    return [
        ...id(context.runAsUser, `${path}.runAsUser`),
        ...id(context.runAsGroup, `${path}.runAsGroup`),
        ...optionalOneOf(context.procMount, `${path}.procMount`, ['Default', 'Unmasked']),
        ...validateProcMount(context, `${path}.procMount`, hostUsers),
        ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
        ...validateEscalation(context, path),
        ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
        ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ];
}

function validateProcMount({ procMount }: V1SecurityContext, path: string, hostUsers: boolean): FieldError[] {
    return procMount === 'Unmasked' && hostUsers
        ? [fieldErrors.invalid(path, procMount, '`hostUsers` must be false to use `Unmasked`')]
        : [];
}

function validateEscalation(context: V1SecurityContext, path: string): FieldError[] {
    if (context.allowPrivilegeEscalation !== false) return [];
    const errors: FieldError[] = [];
    const forbid = (detail: string) => errors.push(fieldErrors.invalid(path, context, detail));
    if (context.privileged === true) {
        forbid('cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    }
    if (items(context.capabilities?.add).some((name) => name === 'CAP_SYS_ADMIN')) {
        forbid('cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
    }
    return errors;
}

export function validateSeccomp(profile: V1SeccompProfile | undefined, path: string): FieldError[] {
    if (profile === undefined) return [];
    const { type, localhostProfile } = profile;
    const errors = isBlank(type)
        ? [fieldErrors.required(`${path}.type`, 'type is required when seccompProfile is set')]
        : optionalOneOf(type, `${path}.type`, profileTypes);
    const profilePath = `${path}.localhostProfile`;
    if (type !== 'Localhost') {
        if (localhostProfile === undefined) return errors;
        const detail = 'can only be set when seccomp type is Localhost';
        return [...errors, fieldErrors.invalid(profilePath, profile, detail)];
    }
    return localhostProfile === undefined
        ? [...errors, fieldErrors.required(profilePath, 'must be set when seccomp type is Localhost')]
        : [...errors, ...localDescendingPath(localhostProfile, profilePath)];
}

function validateAppArmor(profile: V1AppArmorProfile | undefined, path: string): FieldError[] {
    if (profile === undefined) return [];
    const { type, localhostProfile } = profile;
    const profilePath = `${path}.localhostProfile`;
    if (isBlank(type)) {
        return [fieldErrors.required(`${path}.type`, 'type is required when appArmorProfile is set')];
    }
    if (!profileTypes.includes(type)) return [fieldErrors.notSupported(`${path}.type`, type, profileTypes)];
    if (type !== 'Localhost') {
        const detail = 'can only be set when AppArmor type is Localhost';
        return localhostProfile === undefined
            ? []
            : [fieldErrors.invalid(profilePath, localhostProfile, detail)];
    }
    if (localhostProfile === undefined || localhostProfile.trim() === '') {
        return [fieldErrors.required(profilePath, 'must be set when AppArmor type is Localhost')];
    }
    const errors: FieldError[] = [];
    if (localhostProfile.trim() !== localhostProfile) {
        errors.push(fieldErrors.invalid(profilePath, localhostProfile, 'must not be padded with whitespace'));
    }
    if (localhostProfile.length > profilePathBytesMax) {
        errors.push(fieldErrors.tooLong(profilePath, profilePathBytesMax));
    }
    return errors;
}

export function validatePodSecurityContext(
    context: V1PodSecurityContext | undefined,
    path: string,
    spec: V1PodSpec,
): FieldError[] {
    const errors: FieldError[] = [];
    if (spec.shareProcessNamespace === true && spec.hostPID === true) {
        const detail = 'ShareProcessNamespace and HostPID cannot both be enabled';
        errors.push(fieldErrors.invalid(`${path}.shareProcessNamespace`, true, detail));
    }
    if (context === undefined) return errors;
    return [
        ...errors,
        ...id(context.fsGroup, `${path}.fsGroup`),
        ...id(context.runAsUser, `${path}.runAsUser`),
        ...id(context.runAsGroup, `${path}.runAsGroup`),
        ...each(context.supplementalGroups, `${path}.supplementalGroups`, id),
        ...validateSysctls(context.sysctls, `${path}.sysctls`, spec),
        ...optionalOneOf(context.fsGroupChangePolicy, `${path}.fsGroupChangePolicy`, [
            'Always',
            'OnRootMismatch',
        ]),
        ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
        ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
        ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
        ...optionalOneOf(context.supplementalGroupsPolicy, `${path}.supplementalGroupsPolicy`, [
            'Merge',
            'Strict',
        ]),
        ...optionalOneOf(context.seLinuxChangePolicy, `${path}.seLinuxChangePolicy`, [
            'MountOption',
            'Recursive',
        ]),
    ];
}

const sysctlNameMax = 253;
const sysctlPatternText = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const sysctlPattern = new RegExp(sysctlPatternText);

function validateSysctls(sysctls: V1Sysctl[] | undefined, path: string, spec: V1PodSpec): FieldError[] {
    const names = new Set<string>();
    return each(sysctls as Incomplete<V1Sysctl>[] | undefined, path, ({ name = '' }, itemPath) => {
        const errors: FieldError[] = [];
        if (isBlank(name)) errors.push(fieldErrors.required(`${itemPath}.name`));
        else if (name.length > sysctlNameMax || !sysctlPattern.test(name)) {
            const detail = `must have at most ${sysctlNameMax} characters and match regex ${sysctlPatternText}`;
            errors.push(fieldErrors.invalid(`${itemPath}.name`, name, detail));
        } else if (names.has(name)) errors.push(fieldErrors.duplicate(`${itemPath}.name`, name));
        names.add(name);
        return [...errors, ...validateSharedSysctl(name, `${itemPath}.name`, spec)];
    });
}

/** A pod in the host's namespaces may not tune them. */
function validateSharedSysctl(name: string, path: string, spec: V1PodSpec): FieldError[] {
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.')) {
        return [fieldErrors.invalid(path, name, "may not be specified when 'hostNetwork' is true")];
    }
    if (spec.hostIPC === true && /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(dotted)) {
        return [fieldErrors.invalid(path, name, "may not be specified when 'hostIPC' is true")];
    }
    return [];
}
