import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf, isRestartableInit } from '../pod/pod.ts';
import { latestContainer, type PodRuntimeState } from '../pod/pod-runtime-state.ts';
import { restartsAfterExit } from '../pod/restart-policy.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { killVerdict, unknownKill, type PodActions, type ProbeVerdicts } from './pod-actions.ts';

interface InitPlan {
    pod: V1Pod;
    state: PodRuntimeState;
    probes: ProbeVerdicts;
    actions: PodActions;
}

/** What a container's state says about the ones after it. */
type Step = 'goOn' | 'podFailed';

/**
 * Plans init containers and sidecars; true once the regular containers may start. Goes backwards from the
 * last init container: whoever has run proves that all before it were done, even if the runtime has
 * forgotten them. Only containers of the current sandbox count: a new sandbox starts from the beginning.
 */
export function computeInitContainerActions(plan: InitPlan): boolean {
    const inits = initContainersOf(plan.pod);
    if (inits.length === 0) return true;
    const walk = { plan, done: podHasInitialized(plan), previouslyDone: false };
    walk.previouslyDone = walk.done;
    for (let index = inits.length - 1; index >= 0; index--) {
        const spec = inits[index];
        if (spec === undefined) continue;
        const status = statusInSandbox(plan, spec.name);
        if (status === undefined) {
            if (walk.previouslyDone && isRestartableInit(spec)) plan.actions.startInit.push(index);
            continue;
        }
        if (walk.previouslyDone && !isRestartableInit(spec)) continue;
        if (planOne(walk, { index, spec, status }) === 'podFailed') {
            plan.actions.killPod = true;
            plan.actions.startInit = [];
            return false;
        }
        walk.previouslyDone = true;
    }
    if (!walk.previouslyDone) plan.actions.startInit.push(0);
    plan.actions.startInit.reverse();
    return walk.done;
}

interface Walk {
    plan: InitPlan;
    /** All init containers are through. */
    done: boolean;
    /** A later container has already run. */
    previouslyDone: boolean;
}

interface InitContainer {
    index: number;
    spec: V1Container;
    status: ContainerStatus;
}

function statusInSandbox({ state, actions }: InitPlan, name: string): ContainerStatus | undefined {
    const status = latestContainer(state, name);
    return status?.sandboxId === actions.sandboxId ? status : undefined;
}

function podHasInitialized(plan: InitPlan): boolean {
    return containersOf(plan.pod).some(({ name }) => {
        const status = latestContainer(plan.state, name);
        return status?.state === 'running' || statusInSandbox(plan, name) !== undefined;
    });
}

function planOne(walk: Walk, container: InitContainer): Step {
    return isRestartableInit(container.spec) ? planSidecar(walk, container) : planInit(walk, container);
}

function planInit(walk: Walk, { index, spec, status }: InitContainer): Step {
    const { actions, pod } = walk.plan;
    switch (status.state) {
        case 'running':
            return 'goOn';
        case 'created':
            if (status.error !== '' && !restartsAfterExit(pod, spec, status.exitCode || 128))
                return 'podFailed';
            actions.startInit.push(index);
            return 'goOn';
        case 'exited':
            if (status.exitCode === 0) advance(walk, index);
            else if (restartsAfterExit(pod, spec, status.exitCode)) actions.startInit.push(index);
            else return 'podFailed';
            return 'goOn';
        case 'unknown':
            actions.kill.push(unknownKill(status, spec));
            actions.startInit.push(index);
            return 'goOn';
    }
}

function planSidecar(walk: Walk, { index, spec, status }: InitContainer): Step {
    const { actions, probes } = walk.plan;
    if (status.state === 'unknown') actions.kill.push(unknownKill(status, spec));
    if (status.state !== 'running') {
        actions.startInit.push(index);
        return 'goOn';
    }
    const verdict = killVerdict(spec, status, probes);
    if (verdict !== undefined) {
        const message = `Init container ${verdict.message.slice('Container '.length)}`;
        actions.kill.push({ container: status, spec, message, reason: verdict.reason });
        actions.startInit.push(index);
        return 'goOn';
    }
    const started = spec.startupProbe === undefined || probes.startup(status.id) === true;
    if (started && !walk.previouslyDone) advance(walk, index);
    return 'goOn';
}

/** The container at `index` is through: the next one starts, or the regular ones. */
function advance(walk: Walk, index: number): void {
    if (index === initContainersOf(walk.plan.pod).length - 1) walk.done = true;
    else walk.plan.actions.startInit.push(index + 1);
}
