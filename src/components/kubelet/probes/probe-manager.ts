import type { V1Container, V1ContainerStatus, V1Pod, V1Probe } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { containersOf, initContainersOf, isHostNetwork, isRestartableInit, podUid } from '../pod/pod.ts';
import type { PodEvents } from '../pod-events.ts';
import type { PodRuntimeState } from '../pod/pod-runtime-state.ts';
import type { ContainerStatus, Runtime } from '../runtime/runtime.ts';
import type { Readiness } from '../status/generate-pod-status.ts';
import type { ProbeVerdicts } from '../sync-pod/pod-actions.ts';
import { execProbe } from './exec-probe.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe } from './http-probe.ts';
import type { ProbeOutcome } from './probe-handler.ts';
import { ProbeRunner, type ProbeType } from './probe-runner.ts';
import { tcpProbe } from './tcp-probe.ts';

export interface ProbeManagerOptions {
    runtime: Runtime;
    events: PodEvents;
    clock: Clock;
    hostIp: string;
    random: () => number;
    /** A verdict has changed: the pod must be synced. */
    onChange: (podUid: string) => void;
}

interface ContainerProbes {
    podUid: string;
    runners: Map<ProbeType, ProbeRunner>;
}

const types: readonly ProbeType[] = ['startup', 'liveness', 'readiness'];
const titles: Record<ProbeType, string> = {
    startup: 'Startup',
    liveness: 'Liveness',
    readiness: 'Readiness',
};

const troubles: Record<ProbeOutcome['result'], string> = {
    success: 'succeeded',
    warning: 'warning',
    failure: 'failed',
    unknown: 'errored and resulted in unknown state',
};

/** Probes of all running containers, by container id. A container without probes costs nothing. */
export class ProbeManager implements ProbeVerdicts, Readiness {
    readonly #options: ProbeManagerOptions;
    readonly #containers = new Map<string, ContainerProbes>();

    constructor(options: ProbeManagerOptions) {
        this.#options = options;
    }

    /**
     * Starts probes of containers that run, and stops those of containers that do not. `old` are the
     * statuses that the API server has: a container that a former kubelet found ready stays ready until
     * its probe says otherwise.
     */
    update(pod: V1Pod, state: PodRuntimeState, old: readonly V1ContainerStatus[]): void {
        const uid = podUid(pod);
        const running = new Map(state.containers.filter((c) => c.state === 'running').map((c) => [c.id, c]));
        for (const [id, { podUid: owner, runners }] of this.#containers) {
            if (owner !== uid || running.has(id)) continue;
            for (const runner of runners.values()) runner.stop();
            this.#containers.delete(id);
        }
        const ip = isHostNetwork(pod) ? this.#options.hostIp : (state.ips[0] ?? '');
        for (const container of [...initContainersOf(pod).filter(isRestartableInit), ...containersOf(pod)]) {
            for (const status of running.values())
                if (status.name === container.name)
                    this.#updateContainer({ pod, container, status, ip, old });
        }
    }

    /** Stops all probes of a pod; of its liveness and startup only, while it ends gracefully. */
    stopPod(uid: string, which: readonly ProbeType[] = types): void {
        for (const [id, { podUid: owner, runners }] of this.#containers) {
            if (owner !== uid) continue;
            for (const type of which) {
                runners.get(type)?.stop();
                if (which.length === types.length) runners.delete(type);
            }
            if (runners.size === 0) this.#containers.delete(id);
        }
    }

    stop(): void {
        for (const { runners } of this.#containers.values())
            for (const runner of runners.values()) runner.stop();
        this.#containers.clear();
    }

    liveness(containerId: string): boolean | undefined {
        return this.#verdict(containerId, 'liveness');
    }

    startup(containerId: string): boolean | undefined {
        return this.#verdict(containerId, 'startup');
    }

    isStarted(container: V1Container, containerId: string): boolean {
        return container.startupProbe === undefined || this.startup(containerId) === true;
    }

    isReady(container: V1Container, containerId: string): boolean {
        return container.readinessProbe === undefined || this.#verdict(containerId, 'readiness') === true;
    }

    #verdict(containerId: string, type: ProbeType): boolean | undefined {
        return this.#containers.get(containerId)?.runners.get(type)?.verdict;
    }

    #updateContainer(input: {
        pod: V1Pod;
        container: V1Container;
        status: ContainerStatus;
        ip: string;
        old: readonly V1ContainerStatus[];
    }): void {
        const { container, status, old } = input;
        const probes = probesOf(container);
        if (probes.size === 0) return;
        const entry: ContainerProbes = this.#containers.get(status.id) ?? {
            podUid: podUid(input.pod),
            runners: new Map<ProbeType, ProbeRunner>(),
        };
        this.#containers.set(status.id, entry);
        const before = old.find(({ containerID }) => containerID?.endsWith(`//${status.id}`) === true);
        for (const [type, probe] of probes) {
            if (entry.runners.has(type)) continue;
            const initial = initialVerdict(type, before);
            // Liveness and readiness wait for the startup probe.
            const waits = type !== 'startup' && probes.has('startup');
            if (waits && entry.runners.get('startup')?.verdict !== true) continue;
            entry.runners.set(
                type,
                this.#runner({ ...input, type, probe, initial, adopted: before !== undefined }),
            );
        }
    }

    #runner(input: {
        pod: V1Pod;
        container: V1Container;
        status: ContainerStatus;
        ip: string;
        type: ProbeType;
        probe: V1Probe;
        initial: boolean | undefined;
        adopted: boolean;
    }): ProbeRunner {
        const { pod, container, status, ip, type, initial, adopted } = input;
        const { clock, events, onChange, random } = this.#options;
        return new ProbeRunner({
            type,
            probe: input.probe,
            clock,
            initial,
            jitter: adopted ? random() : 0,
            runningForMs: clock.nowMs() - status.startedAtMs,
            run: async (probe, signal) =>
                await this.#run({ container, containerId: status.id, podIp: ip, probe, signal }),
            onVerdict: () => {
                onChange(podUid(pod));
            },
            onTrouble: ({ result, output }) => {
                const message = `${titles[type]} probe ${troubles[result]}: ${output}`;
                const reason = result === 'warning' ? 'ProbeWarning' : 'Unhealthy';
                events.container(pod, container.name, { type: 'Warning', reason, message });
            },
        });
    }

    async #run(input: {
        container: V1Container;
        containerId: string;
        podIp: string;
        probe: V1Probe;
        signal: AbortSignal;
    }): Promise<ProbeOutcome> {
        const { exec, httpGet, tcpSocket, grpc } = input.probe;
        const target = { ...input, timeoutMs: (input.probe.timeoutSeconds ?? 1) * 1000 };
        if (exec !== undefined) return await execProbe(exec, target, this.#options.runtime);
        if (httpGet !== undefined) return await httpProbe(httpGet, target);
        if (tcpSocket !== undefined) return await tcpProbe(tcpSocket, target);
        if (grpc !== undefined) return await grpcProbe(grpc, target);
        return { result: 'unknown', output: `missing probe handler for container "${input.container.name}"` };
    }
}

function probesOf(container: V1Container): Map<ProbeType, V1Probe> {
    const probes = new Map<ProbeType, V1Probe>();
    if (container.startupProbe !== undefined) probes.set('startup', container.startupProbe);
    if (container.livenessProbe !== undefined) probes.set('liveness', container.livenessProbe);
    if (container.readinessProbe !== undefined) probes.set('readiness', container.readinessProbe);
    return probes;
}

function initialVerdict(type: ProbeType, before: V1ContainerStatus | undefined): boolean | undefined {
    switch (type) {
        case 'startup':
            return before?.started === true ? true : undefined;
        case 'readiness':
            return before?.ready === true;
        case 'liveness':
            return true;
    }
}
