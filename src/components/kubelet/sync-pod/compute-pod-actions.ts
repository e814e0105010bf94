import type { V1Pod } from '../../../api/meta/object.ts';
import { containersOf, ephemeralContainersOf, initContainersOf, isHostNetwork } from '../pod/pod.ts';
import { latestContainer, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import {
    podRestartPolicy,
    restartsAfterExit,
    restartsOnFailure,
    shouldBeRestarted,
} from '../pod/restart-policy.ts';
import { computeInitContainerActions } from './compute-init-actions.ts';
import { killVerdict, unknownKill, type PodActions, type ProbeVerdicts } from './pod-actions.ts';

/**
 * Compares the pod's spec with what runs (upstream: computePodActions). Pure: the same inputs give the
 * same actions; back-off is applied when they are executed.
 */
export function computePodActions(pod: V1Pod, state: PodRuntimeState, probes: ProbeVerdicts): PodActions {
    const sandbox = sandboxVerdict(pod, state);
    const actions: PodActions = {
        killPod: sandbox.changed,
        createSandbox: sandbox.changed,
        attempt: sandbox.attempt,
        sandboxId: sandbox.id,
        kill: [],
        startInit: [],
        startEphemeral: [],
        start: [],
    };
    if (sandbox.changed) {
        planNewSandbox(pod, state, actions);
        return actions;
    }
    ephemeralContainersOf(pod).forEach((container, index) => {
        if (latestContainer(state, container.name) === undefined) actions.startEphemeral.push(index);
    });
    const initialized = computeInitContainerActions({ pod, state, probes, actions });
    if (!actions.killPod && initialized) planRegularContainers(pod, { state, probes, actions });
    return actions;
}

function sandboxVerdict(
    pod: V1Pod,
    { sandboxes, ips }: PodRuntimeState,
): { changed: boolean; attempt: number; id: string | undefined } {
    const newest = sandboxes[0];
    if (newest === undefined) return { changed: true, attempt: 0, id: undefined };
    const next = { changed: true, attempt: newest.attempt + 1, id: newest.id };
    if (sandboxes.filter(({ state }) => state === 'ready').length > 1) return next;
    if (newest.state !== 'ready') return next;
    if ((newest.network === 'NODE') !== isHostNetwork(pod)) return next;
    if (newest.network === 'POD' && ips.length === 0) return next;
    return { changed: false, attempt: newest.attempt, id: newest.id };
}

function planNewSandbox(pod: V1Pod, state: PodRuntimeState, actions: PodActions): void {
    if (!restartsOnFailure(pod) && actions.attempt !== 0 && state.containers.length > 0) {
        actions.createSandbox = false;
        return;
    }
    const containers = containersOf(pod);
    const starting = containers
        .map((container, index) => ({ container, index }))
        .filter(({ container }) => {
            const status = latestContainer(state, container.name);
            const done = status?.state === 'exited' && status.exitCode === 0;
            return !(done && podRestartPolicy(pod) === 'OnFailure');
        });
    if (starting.length === 0) {
        actions.createSandbox = false;
        return;
    }
    if (initContainersOf(pod).length > 0) actions.startInit = [0];
    else actions.start = starting.map(({ index }) => index);
}

interface Plan {
    state: PodRuntimeState;
    probes: ProbeVerdicts;
    actions: PodActions;
}

function planRegularContainers(pod: V1Pod, { state, probes, actions }: Plan): void {
    let kept = 0;
    containersOf(pod).forEach((spec, index) => {
        const status = latestContainer(state, spec.name);
        if (status?.state !== 'running') {
            if (!shouldBeRestarted(pod, spec, status)) return;
            actions.start.push(index);
            if (status?.state === 'unknown') actions.kill.push(unknownKill(status, spec));
            return;
        }
        const verdict = killVerdict(spec, status, probes);
        if (verdict === undefined) {
            kept++;
            return;
        }
        const restart =
            verdict.reason === 'definitionChanged' || restartsAfterExit(pod, spec, killedExitCode);
        if (restart) actions.start.push(index);
        const message = restart ? `${verdict.message}, will be restarted` : verdict.message;
        actions.kill.push({ container: status, spec, message, reason: verdict.reason });
    });
    if (kept === 0 && actions.start.length === 0) {
        actions.killPod = true;
        // Sidecars must not keep a finished pod alive.
        actions.startInit = [];
    }
}

/** Exit code of a container that did not heed SIGTERM: what a kill counts as. */
const killedExitCode = 137;
