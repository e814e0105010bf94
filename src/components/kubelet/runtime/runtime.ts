import type { Readable, Writable, Duplex } from 'node:stream';

/**
 * The container runtime as the kubelet sees it, shaped like CRI (cri-api runtime/v1). The kubelet's own
 * truth is here: everything it must know after a restart is in names and labels.
 * Every method rejects with RuntimeError.
 */
export interface Runtime {
    version(): Promise<{ name: string; version: string; apiVersion: string }>;

    /** Creates and starts the pause container, and its network unless it shares the host's. Returns its id. */
    runPodSandbox(config: PodSandboxConfig): Promise<string>;
    /** Tears down the network and stops the pause container. Idempotent. */
    stopPodSandbox(sandboxId: string): Promise<void>;
    removePodSandbox(sandboxId: string): Promise<void>;
    /** All sandboxes that the kubelet owns, newest first. */
    listPodSandboxes(): Promise<PodSandbox[]>;
    /** The sandbox's addresses; empty for host network. Survives a kubelet restart. */
    podSandboxIPs(sandboxId: string): Promise<string[]>;

    createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
    startContainer(containerId: string): Promise<void>;
    /** SIGTERM (or the image's stop signal), after `gracePeriodSeconds` SIGKILL. Idempotent. */
    stopContainer(containerId: string, gracePeriodSeconds: number): Promise<void>;
    removeContainer(containerId: string): Promise<void>;
    /** All containers that the kubelet owns (no sandboxes), with their state. */
    listContainers(): Promise<ContainerStatus[]>;
    containerStatus(containerId: string): Promise<ContainerStatus | undefined>;
    updateContainerResources(containerId: string, resources: LinuxResources): Promise<void>;

    /** Runs a command to its end, output bounded to `outputMaxBytes` (default 10 KiB). */
    execSync(
        containerId: string,
        command: readonly string[],
        options: { timeoutMs: number; outputMaxBytes?: number },
    ): Promise<ExecResult>;
    /** Runs a command with streams; resolves with its exit code. */
    exec(containerId: string, command: readonly string[], streams: StreamSet): Promise<number>;
    /** Attaches to the container's own process; resolves when it ends or the client leaves. */
    attach(containerId: string, streams: StreamSet): Promise<void>;
    /** A connection to 127.0.0.1:port in the sandbox's network namespace. */
    portForward(sandboxId: string, port: number): Promise<Duplex>;
    /** Writes the container's log; resolves at its end, or when `signal` aborts a followed one. */
    containerLogs(
        containerId: string,
        options: LogOptions,
        output: { stdout: Writable; stderr: Writable },
    ): Promise<void>;

    imageStatus(image: string): Promise<ImageInfo | undefined>;
    /** Returns the image's id. Rejects with reason 'imagePull', or 'imageNotFound'. */
    pullImage(image: string, auths: readonly RegistryAuth[], signal?: AbortSignal): Promise<string>;
    listImages(): Promise<ImageInfo[]>;
    removeImage(image: string): Promise<void>;

    stats(): Promise<ContainerStats[]>;

    /** Calls back when a container or sandbox of the kubelet starts, dies or is killed by the OOM killer. */
    onEvent(listener: (event: RuntimeEvent) => void): () => void;
    close(): Promise<void>;
}

export interface PodIdentity {
    name: string;
    namespace: string;
    uid: string;
}

export interface PodSandboxConfig {
    pod: PodIdentity;
    attempt: number;
    hostname: string;
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
    /** Absent for the runtime's own resolv.conf. Written by the kubelet into `resolvConfPath`. */
    resolvConfPath?: string | undefined;
    portMappings: readonly PortMapping[];
    hostNetwork: boolean;
    hostPid: boolean;
    hostIpc: boolean;
    /** True when the pod's containers share one PID namespace. */
    shareProcessNamespace: boolean;
    sysctls: Readonly<Record<string, string>>;
    /** Parent cgroup of all containers; absent: the runtime's default. */
    cgroupParent?: string | undefined;
    runtimeHandler?: string | undefined;
}

export interface PortMapping {
    protocol: 'TCP' | 'UDP' | 'SCTP';
    containerPort: number;
    hostPort: number;
    hostIp: string;
}

export interface PodSandbox {
    id: string;
    pod: PodIdentity;
    attempt: number;
    state: 'ready' | 'notReady';
    createdAtMs: number;
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
    /** "NODE" for host network. */
    network: 'POD' | 'NODE';
}

export interface ContainerConfig {
    name: string;
    attempt: number;
    /** Id or reference of an image that is present. */
    image: string;
    /** Absent: the image's own. */
    command?: readonly string[] | undefined;
    args?: readonly string[] | undefined;
    workingDir?: string | undefined;
    env: readonly { name: string; value: string }[];
    mounts: readonly Mount[];
    devices: readonly { hostPath: string; containerPath: string; permissions: string }[];
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
    stdin: boolean;
    stdinOnce: boolean;
    tty: boolean;
    resources: LinuxResources;
    security: LinuxSecurity;
    /** A running container of the pod whose process namespace this one joins. */
    targetContainerId?: string | undefined;
    /** Host path that is mounted as the termination message file. */
    terminationMessage?: { hostPath: string; containerPath: string } | undefined;
}

export interface Mount {
    hostPath: string;
    containerPath: string;
    readOnly: boolean;
    propagation: 'private' | 'hostToContainer' | 'bidirectional';
}

/** cgroup values; absent means unlimited or the kernel's default. */
export interface LinuxResources {
    cpuShares?: number | undefined;
    cpuQuotaUs?: number | undefined;
    cpuPeriodUs?: number | undefined;
    memoryLimitBytes?: number | undefined;
    oomScoreAdj?: number | undefined;
}

export interface LinuxSecurity {
    /** "uid", "uid:gid" or "name[:group]"; absent for the image's own. */
    user?: string | undefined;
    supplementalGroups: readonly number[];
    privileged: boolean;
    readOnlyRootFilesystem: boolean;
    addCapabilities: readonly string[];
    dropCapabilities: readonly string[];
    noNewPrivileges: boolean;
    /** "unconfined", "runtime/default" or "localhost/<file>". */
    seccompProfile?: string | undefined;
    apparmorProfile?: string | undefined;
}

export interface ContainerStatus {
    id: string;
    name: string;
    sandboxId: string;
    pod: PodIdentity;
    attempt: number;
    state: 'created' | 'running' | 'exited' | 'unknown';
    createdAtMs: number;
    /** 0 when it never started. */
    startedAtMs: number;
    finishedAtMs: number;
    exitCode: number;
    signal: number;
    oomKilled: boolean;
    /** Error of the runtime when it could not start. */
    error: string;
    /** As the container asked for it. */
    image: string;
    imageId: string;
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
    pid: number;
    mounts: readonly Mount[];
}

export interface ExecResult {
    exitCode: number;
    stdout: Buffer;
    stderr: Buffer;
    timedOut: boolean;
}

export interface StreamSet {
    tty: boolean;
    stdin?: Readable | undefined;
    stdout?: Writable | undefined;
    /** Absent with a tty: everything is stdout. */
    stderr?: Writable | undefined;
    /** Terminal size changes. */
    onResize?: ((listener: (size: { width: number; height: number }) => void) => void) | undefined;
    signal?: AbortSignal | undefined;
}

export interface LogOptions {
    follow: boolean;
    timestamps: boolean;
    tailLines?: number | undefined;
    sinceMs?: number | undefined;
    limitBytes?: number | undefined;
    signal?: AbortSignal | undefined;
}

export interface ImageInfo {
    id: string;
    repoTags: readonly string[];
    repoDigests: readonly string[];
    sizeBytes: number;
    /** User of the image's configuration: numeric uid where it has one, else a name. */
    uid?: number | undefined;
    username?: string | undefined;
    architecture: string;
    entrypoint: readonly string[];
    cmd: readonly string[];
}

export interface RegistryAuth {
    serverAddress: string;
    username?: string | undefined;
    password?: string | undefined;
    identityToken?: string | undefined;
}

export interface ContainerStats {
    containerId: string;
    name: string;
    pod: PodIdentity;
    timeMs: number;
    cpuUsageNanos: number;
    memoryUsageBytes: number;
    memoryWorkingSetBytes: number;
    memoryRssBytes: number;
    network?: { rxBytes: number; txBytes: number; rxErrors: number; txErrors: number } | undefined;
}

export interface RuntimeEvent {
    type: 'started' | 'died' | 'oom' | 'removed';
    id: string;
    podUid: string;
    isSandbox: boolean;
}

export type RuntimeErrorReason =
    | 'notFound'
    | 'imageNotFound'
    | 'imagePull'
    | 'invalidImageName'
    | 'network'
    | 'createContainer'
    | 'startContainer'
    | 'unavailable'
    | 'other';

export class RuntimeError extends Error {
    override readonly name = 'RuntimeError';
    readonly reason: RuntimeErrorReason;
    constructor(reason: RuntimeErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}
