import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { ownerLabel, type KubeletPaths } from '../paths.ts';
import { gracePeriodSeconds, isHostNetwork, podName, podNamespace, podUid } from '../pod/pod.ts';
import { podHostname } from '../pod/pod-hostname.ts';
import type { ContainerConfig, ImageInfo, Mount } from '../runtime/runtime.ts';
import {
    containerHash,
    gracePeriodAnnotation,
    hashAnnotation,
    restartCountAnnotation,
    terminationMessagePathAnnotation,
    terminationMessagePolicyAnnotation,
} from '../sync-pod/container-hash.ts';
import { fsGroupOf } from '../volumes/ownership.ts';
import type { ObjectSource } from '../volumes/object-source.ts';
import type { MountedVolume } from '../volumes/volume-plugin.ts';
import { makeEnvironment } from './env.ts';
import { expand } from './expansion.ts';
import type { PodAddresses } from './field-path.ts';
import { hostNetworkHostsFile, managedHostsFile } from './hosts-file.ts';
import { volumeMounts } from './mounts.ts';
import type { Allocatable } from './resource-field.ts';
import { linuxResources } from './resources.ts';
import { linuxSecurity } from './security.ts';

export interface ContainerConfigInput {
    pod: V1Pod;
    container: V1Container;
    attempt: number;
    /** The container whose processes an ephemeral container asks to see. */
    targetContainerId?: string | undefined;
    image: ImageInfo;
    addresses: PodAddresses;
    allocatable: Allocatable;
    memoryCapacityBytes: number;
    services: Readonly<Record<string, string>>;
    objects: ObjectSource;
    volumes: ReadonlyMap<string, MountedVolume>;
    paths: KubeletPaths;
    clusterDomain: string;
}

const terminationMessagePathDefault = '/dev/termination-log';

/** Everything that the runtime needs to create a container. Throws ContainerConfigError. */
export async function makeContainerConfig(input: ContainerConfigInput): Promise<ContainerConfig> {
    const { pod, container, attempt, image } = input;
    const env = await makeEnvironment(input);
    const byName = new Map(env.map(({ name, value }) => [name, value]));
    const expandAll = (list: readonly string[] | undefined) =>
        list === undefined || list.length === 0
            ? undefined
            : list.map((text) => expand(text, (name) => byName.get(name)));
    const security = linuxSecurity(pod, container, image);
    const mounts = await volumeMounts({ ...input, env });
    const hosts = await hostsMount(input, mounts);
    return {
        name: container.name,
        attempt,
        image: container.image ?? image.id,
        command: expandAll(container.command),
        args: expandAll(container.args),
        workingDir: container.workingDir ? container.workingDir : undefined,
        env,
        mounts: hosts === undefined ? mounts : [...mounts, hosts],
        devices: [],
        targetContainerId: input.targetContainerId,
        labels: {
            'io.kubernetes.container.name': container.name,
            'io.kubernetes.pod.name': podName(pod),
            'io.kubernetes.pod.namespace': podNamespace(pod),
            'io.kubernetes.pod.uid': podUid(pod),
            [ownerLabel]: input.paths.root,
        },
        annotations: annotationsOf(input),
        stdin: container.stdin === true,
        stdinOnce: container.stdinOnce === true,
        tty: container.tty === true,
        resources: linuxResources(pod, container, input),
        security,
        terminationMessage: await terminationMessage(input),
    };
}

function annotationsOf({ pod, container, attempt }: ContainerConfigInput): Record<string, string> {
    return {
        [hashAnnotation]: containerHash(container),
        [restartCountAnnotation]: String(attempt),
        [terminationMessagePathAnnotation]: container.terminationMessagePath ?? terminationMessagePathDefault,
        [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? 'File',
        [gracePeriodAnnotation]: String(gracePeriodSeconds(pod)),
    };
}

/** An empty file for the container to write to; world-writable, its user is not known here. */
async function terminationMessage({
    pod,
    container,
    attempt,
    paths,
}: ContainerConfigInput): Promise<ContainerConfig['terminationMessage']> {
    const containerPath = container.terminationMessagePath ?? terminationMessagePathDefault;
    if (containerPath === '') return undefined;
    const hostPath = paths.terminationMessage(podUid(pod), container.name, attempt);
    await mkdir(dirname(hostPath), { recursive: true, mode: 0o750 });
    await writeFile(hostPath, '');
    await chmod(hostPath, 0o666);
    return { hostPath, containerPath };
}

/** /etc/hosts belongs to the kubelet unless the container mounts its own. */
async function hostsMount(
    { pod, paths, addresses, clusterDomain }: ContainerConfigInput,
    mounts: readonly Mount[],
): Promise<Mount | undefined> {
    if (mounts.some(({ containerPath }) => containerPath === '/etc/hosts')) return undefined;
    const aliases = pod.spec?.hostAliases ?? [];
    if (!isHostNetwork(pod) && addresses.podIps.length === 0) return undefined;
    const content = isHostNetwork(pod)
        ? hostNetworkHostsFile(await readFile('/etc/hosts', 'utf8').catch(() => ''), aliases)
        : managedHostsFile({ podIps: addresses.podIps, aliases, ...podHostname(pod, clusterDomain) });
    const hostPath = paths.hosts(podUid(pod));
    await mkdir(dirname(hostPath), { recursive: true, mode: 0o750 });
    await writeFile(hostPath, content, { mode: 0o644 });
    const group = fsGroupOf(pod);
    await chmod(hostPath, group === undefined ? 0o644 : 0o664);
    return { hostPath, containerPath: '/etc/hosts', readOnly: false, propagation: 'private' };
}
