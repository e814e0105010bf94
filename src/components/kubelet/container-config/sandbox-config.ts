import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { V1Pod } from '../../../api/meta/object.ts';
import { formatResolvConf, parseResolvConf, podDns, type ClusterDns } from '../dns/resolv-conf.ts';
import { ownerLabel, type KubeletPaths } from '../paths.ts';
import { isHostNetwork, podIdentity, podUid } from '../pod/pod.ts';
import { podHostname } from '../pod/pod-hostname.ts';
import type { PodSandboxConfig } from '../runtime/runtime.ts';
import { portMappings } from './port-mappings.ts';

export interface SandboxConfigInput {
    pod: V1Pod;
    attempt: number;
    paths: KubeletPaths;
    clusterDns: ClusterDns;
    /** The host's resolv.conf; empty for none. */
    hostResolvConf: string;
    hostname: string;
}

/** What the runtime needs to create the pod's sandbox; writes its resolv.conf. */
export async function makeSandboxConfig(input: SandboxConfigInput): Promise<PodSandboxConfig> {
    const { pod, attempt } = input;
    const identity = podIdentity(pod);
    const spec = pod.spec;
    return {
        pod: identity,
        attempt,
        hostname: isHostNetwork(pod) ? input.hostname : podHostname(pod, input.clusterDns.domain).hostname,
        labels: {
            ...pod.metadata?.labels,
            'io.kubernetes.pod.name': identity.name,
            'io.kubernetes.pod.namespace': identity.namespace,
            'io.kubernetes.pod.uid': identity.uid,
            [ownerLabel]: input.paths.root,
        },
        annotations: { ...pod.metadata?.annotations },
        resolvConfPath: await writeResolvConf(input),
        portMappings: portMappings(pod),
        hostNetwork: isHostNetwork(pod),
        hostPid: spec?.hostPID === true,
        hostIpc: spec?.hostIPC === true,
        shareProcessNamespace: spec?.shareProcessNamespace === true,
        sysctls: Object.fromEntries(
            (spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value]),
        ),
        runtimeHandler: spec?.runtimeClassName ? spec.runtimeClassName : undefined,
    };
}

async function writeResolvConf({
    pod,
    paths,
    clusterDns,
    hostResolvConf,
}: SandboxConfigInput): Promise<string> {
    const text = hostResolvConf === '' ? '' : await readFile(hostResolvConf, 'utf8').catch(() => '');
    const path = paths.resolvConf(podUid(pod));
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await writeFile(path, formatResolvConf(podDns(pod, parseResolvConf(text), clusterDns)), { mode: 0o644 });
    return path;
}
