import type { V1Container, V1Pod, V1SeccompProfile } from '../../../api/meta/object.ts';
import { formatPod } from '../pod/pod.ts';
import type { ImageInfo, LinuxSecurity } from '../runtime/runtime.ts';
import { ContainerConfigError } from './config-error.ts';

/**
 * Merges the pod's and the container's security context: the container's wins. Throws
 * ContainerConfigError when the image's user breaks `runAsNonRoot`.
 */
export function linuxSecurity(pod: V1Pod, container: V1Container, image: ImageInfo): LinuxSecurity {
    const podContext = pod.spec?.securityContext;
    const own = container.securityContext;
    const runAsUser = own?.runAsUser ?? podContext?.runAsUser;
    const runAsGroup = own?.runAsGroup ?? podContext?.runAsGroup;
    if ((own?.runAsNonRoot ?? podContext?.runAsNonRoot) === true)
        verifyNonRoot(pod, container, { runAsUser, image });
    const privileged = own?.privileged === true;
    const addCapabilities = own?.capabilities?.add ?? [];
    return {
        user: userText(runAsUser, runAsGroup, image),
        supplementalGroups: supplementalGroups(pod),
        privileged,
        readOnlyRootFilesystem: own?.readOnlyRootFilesystem === true,
        addCapabilities,
        dropCapabilities: own?.capabilities?.drop ?? [],
        noNewPrivileges: own?.allowPrivilegeEscalation === false,
        seccompProfile: privileged
            ? 'unconfined'
            : seccomp(own?.seccompProfile ?? podContext?.seccompProfile),
        apparmorProfile: apparmor(pod, container),
    };
}

function supplementalGroups(pod: V1Pod): number[] {
    const context = pod.spec?.securityContext;
    const groups = new Set(context?.supplementalGroups ?? []);
    if (context?.fsGroup !== undefined) groups.add(context.fsGroup);
    return [...groups];
}

function userText(user: number | undefined, group: number | undefined, image: ImageInfo): string | undefined {
    if (user === undefined && group === undefined) return undefined;
    const name = user ?? image.uid ?? (image.username ? image.username : 0);
    return group === undefined ? String(name) : `${name}:${group}`;
}

function verifyNonRoot(
    pod: V1Pod,
    container: V1Container,
    { runAsUser, image }: { runAsUser: number | undefined; image: ImageInfo },
): void {
    const where = `(pod: "${formatPod(pod)}", container: ${container.name})`;
    if (runAsUser !== undefined) {
        if (runAsUser !== 0) return;
        throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    }
    if (image.uid !== undefined) {
        if (image.uid !== 0) return;
        throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
    }
    if (image.username) {
        throw new ContainerConfigError(
            `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
        );
    }
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

function seccomp(profile: V1SeccompProfile | undefined): string {
    switch (profile?.type) {
        case 'RuntimeDefault':
            return 'runtime/default';
        case 'Localhost':
            return `localhost/${profile.localhostProfile ?? ''}`;
        default:
            return 'unconfined';
    }
}

function apparmor(pod: V1Pod, container: V1Container): string | undefined {
    const profile = container.securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile;
    switch (profile?.type) {
        case 'RuntimeDefault':
            return 'runtime/default';
        case 'Localhost':
            return `localhost/${profile.localhostProfile ?? ''}`;
        case 'Unconfined':
            return 'unconfined';
        default:
            return undefined;
    }
}
