import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type Dockerode from 'dockerode';
import { containerLabels, containerName, sandboxLabels, sandboxName } from './naming.ts';
import {
    RuntimeError,
    type ContainerConfig,
    type LinuxResources,
    type LinuxSecurity,
    type Mount,
    type PodSandboxConfig,
} from './runtime.ts';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** What the daemon and the node decide about every container. */
export interface SpecSettings {
    cgroupDriver: () => Promise<CgroupDriver>;
    /** Where "localhost/<file>" seccomp profiles are: /var/lib/kubelet/seccomp. */
    seccompRoot: string;
    /** json-file rotation: size of one file and how many there are. */
    logMaxBytes: number;
    logMaxFiles: number;
    /** Lower OOM score adjustments are raised to this one (oom-score.ts). */
    leastOomScoreAdj: number;
}

const sandboxOomScoreAdj = -998;
/** The least CPU share the kernel takes. */
const sandboxCpuShares = 2;

/** What a pod's pause container is created from. */
export async function sandboxSpec(
    config: PodSandboxConfig,
    image: string,
    settings: SpecSettings,
): Promise<Dockerode.ContainerCreateOptions> {
    return {
        name: sandboxName(config),
        Image: image,
        Labels: sandboxLabels(config),
        ...(config.hostNetwork ? {} : { Hostname: config.hostname }),
        HostConfig: {
            NetworkMode: config.hostNetwork ? 'host' : 'none',
            ...(config.hostNetwork ? { UTSMode: 'host' } : {}),
            IpcMode: config.hostIpc ? 'host' : 'shareable',
            ...(config.hostPid ? { PidMode: 'host' } : {}),
            OomScoreAdj: Math.max(sandboxOomScoreAdj, settings.leastOomScoreAdj),
            CpuShares: sandboxCpuShares,
            ReadonlyRootfs: true,
            SecurityOpt: await securityOptions({ noNewPrivileges: true }, settings),
            ...(Object.keys(config.sysctls).length === 0 ? {} : { Sysctls: { ...config.sysctls } }),
            ...logConfig(settings),
            ...(await cgroupParent(config, settings)),
            ...runtimeHandler(config),
        },
    };
}

/** What a container of a pod is created from: it joins the namespaces of the pause container. */
export async function containerSpec(
    config: ContainerConfig,
    sandbox: PodSandboxConfig,
    place: { sandboxId: string; settings: SpecSettings },
): Promise<Dockerode.ContainerCreateOptions> {
    const { sandboxId, settings } = place;
    const pause = `container:${sandboxId}`;
    const { security, resources } = config;
    return {
        name: containerName(sandbox.pod, config),
        Image: config.image,
        Labels: containerLabels(config, sandbox.pod, sandboxId),
        ...(config.command === undefined ? {} : { Entrypoint: [...config.command] }),
        ...(config.args === undefined ? {} : { Cmd: [...config.args] }),
        ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
        ...(security.user === undefined ? {} : { User: security.user }),
        Env: config.env.map(({ name, value }) => `${name}=${value}`),
        OpenStdin: config.stdin,
        StdinOnce: config.stdinOnce,
        Tty: config.tty,
        // Docker's own health check would run besides the kubelet's probes.
        ...{ Healthcheck: { Test: ['NONE'] } },
        HostConfig: {
            NetworkMode: pause,
            IpcMode: sandbox.hostIpc ? 'host' : pause,
            ...(config.targetContainerId !== undefined
                ? { PidMode: `container:${config.targetContainerId}` }
                : sandbox.hostPid
                  ? { PidMode: 'host' }
                  : sandbox.shareProcessNamespace
                    ? { PidMode: pause }
                    : {}),
            ...(sandbox.hostNetwork ? { UTSMode: 'host' } : {}),
            Mounts: mountsOf(config, sandbox).map(mountSpec),
            Devices: config.devices.map(({ hostPath, containerPath, permissions }) => ({
                PathOnHost: hostPath,
                PathInContainer: containerPath,
                CgroupPermissions: permissions,
            })),
            Privileged: security.privileged,
            ReadonlyRootfs: security.readOnlyRootFilesystem,
            CapAdd: [...security.addCapabilities],
            CapDrop: [...security.dropCapabilities],
            GroupAdd: security.supplementalGroups.map(String),
            SecurityOpt: await securityOptions(security, settings),
            ...resourceSpec(resources),
            ...(resources.oomScoreAdj === undefined
                ? {}
                : { OomScoreAdj: Math.max(resources.oomScoreAdj, settings.leastOomScoreAdj) }),
            ...logConfig(settings),
            ...(await cgroupParent(sandbox, settings)),
            ...runtimeHandler(sandbox),
        },
    };
}

/** The cgroup values that Docker can also change later. Swap is never given on top of memory. */
export function resourceSpec(
    resources: LinuxResources,
): Pick<Dockerode.HostConfig, 'CpuShares' | 'CpuQuota' | 'CpuPeriod' | 'Memory' | 'MemorySwap'> {
    const { cpuShares, cpuQuotaUs, cpuPeriodUs, memoryLimitBytes } = resources;
    return {
        ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
        ...(cpuQuotaUs === undefined ? {} : { CpuQuota: cpuQuotaUs }),
        ...(cpuPeriodUs === undefined ? {} : { CpuPeriod: cpuPeriodUs }),
        ...(memoryLimitBytes === undefined ? {} : { Memory: memoryLimitBytes, MemorySwap: memoryLimitBytes }),
    };
}

/** All mounts of a container: its own, the pod's resolv.conf, and the termination message file. */
export function mountsOf(config: ContainerConfig, sandbox: PodSandboxConfig): Mount[] {
    const mounts = [...config.mounts];
    const add = (hostPath: string, containerPath: string): void => {
        const taken = mounts.some((mount) => normalize(mount.containerPath) === normalize(containerPath));
        if (!taken) mounts.push({ hostPath, containerPath, readOnly: false, propagation: 'private' });
    };
    if (sandbox.resolvConfPath !== undefined) add(sandbox.resolvConfPath, '/etc/resolv.conf');
    if (config.terminationMessage !== undefined) {
        add(config.terminationMessage.hostPath, config.terminationMessage.containerPath);
    }
    return mounts;
}

/**
 * The parent cgroup as the daemon's driver wants it. systemd: "/kubepods/burstable/pod12-34" is the slice
 * "kubepods-burstable-pod12_34.slice" (a dash separates levels).
 */
export function cgroupParentFor(path: string, driver: CgroupDriver): string {
    if (driver === 'cgroupfs' || path.endsWith('.slice')) return path;
    const levels = path.split('/').filter((part) => part !== '');
    return `${levels.map((part) => part.replaceAll('-', '_')).join('-')}.slice`;
}

async function cgroupParent(
    config: PodSandboxConfig,
    settings: SpecSettings,
): Promise<{ CgroupParent?: string }> {
    if (config.cgroupParent === undefined) return {};
    return { CgroupParent: cgroupParentFor(config.cgroupParent, await settings.cgroupDriver()) };
}

/** "docker" and "" name the daemon's default. */
function runtimeHandler({ runtimeHandler: handler }: PodSandboxConfig): { Runtime?: string } {
    return handler === undefined || handler === '' || handler === 'docker' ? {} : { Runtime: handler };
}

function logConfig(settings: SpecSettings): Pick<Dockerode.HostConfig, 'LogConfig'> {
    return {
        LogConfig: {
            Type: 'json-file',
            Config: { 'max-size': String(settings.logMaxBytes), 'max-file': String(settings.logMaxFiles) },
        },
    };
}

function mountSpec({ hostPath, containerPath, readOnly, propagation }: Mount): Dockerode.MountSettings {
    const modes = { private: 'rprivate', hostToContainer: 'rslave', bidirectional: 'rshared' } as const;
    return {
        Type: 'bind',
        Source: hostPath,
        Target: containerPath,
        ReadOnly: readOnly,
        BindOptions: { Propagation: modes[propagation] },
    };
}

/** As upstream, no profile asked for means unconfined. Docker reads no profile files: their text is sent. */
async function securityOptions(
    security: Pick<LinuxSecurity, 'noNewPrivileges' | 'seccompProfile' | 'apparmorProfile'>,
    settings: SpecSettings,
): Promise<string[]> {
    const options: string[] = [];
    if (security.noNewPrivileges) options.push('no-new-privileges');
    const seccomp = security.seccompProfile ?? 'unconfined';
    if (seccomp === 'unconfined') options.push('seccomp=unconfined');
    else if (seccomp.startsWith('localhost/')) {
        options.push(
            `seccomp=${await seccompText(seccomp.slice('localhost/'.length), settings.seccompRoot)}`,
        );
    } else if (seccomp !== 'runtime/default' && seccomp !== 'docker/default') {
        throw new RuntimeError('createContainer', `unknown seccomp profile option: ${seccomp}`);
    }
    const apparmor = security.apparmorProfile;
    if (apparmor === 'unconfined') options.push('apparmor=unconfined');
    else if (apparmor?.startsWith('localhost/')) {
        options.push(`apparmor=${apparmor.slice('localhost/'.length)}`);
    }
    return options;
}

async function seccompText(file: string, root: string): Promise<string> {
    const path = isAbsolute(file) ? normalize(file) : join(root, file);
    if (!path.startsWith(`${normalize(root)}/`)) {
        throw new RuntimeError('createContainer', `seccomp profile ${file} is outside of ${root}`);
    }
    try {
        return JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
        throw new RuntimeError('createContainer', `cannot load seccomp profile "${path}"`, { cause: error });
    }
}
