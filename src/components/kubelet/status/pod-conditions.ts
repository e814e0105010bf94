import type { V1ContainerStatus, V1Pod, V1PodCondition } from '../../../api/meta/object.ts';
import { containersOf, initContainersOf, isRestartableInit, isTerminalPhase } from '../pod/pod.ts';
import type { PodPhase } from './pod-phase.ts';

export interface ConditionInput {
    init: readonly V1ContainerStatus[];
    regular: readonly V1ContainerStatus[];
    phase: PodPhase;
    /** The sandbox runs and has its network. */
    sandboxReady: boolean;
    /** All conditions as the API server has them: readiness gates are someone else's. */
    old: readonly V1PodCondition[];
}

type Verdict = Pick<V1PodCondition, 'status' | 'reason' | 'message'>;

/** The types that the kubelet owns; others are left as they are. */
export const kubeletConditionTypes: readonly string[] = [
    'PodReadyToStartContainers',
    'Initialized',
    'Ready',
    'ContainersReady',
    'PodScheduled',
];

const yes: Verdict = { status: 'True' };

/** The kubelet's conditions of a pod; transition times are kept where the status stays. */
export function podConditions(pod: V1Pod, input: ConditionInput, now: string): V1PodCondition[] {
    const containersReady = containersReadyVerdict(pod, input);
    const verdicts: Record<string, Verdict> = {
        PodReadyToStartContainers: { status: input.sandboxReady ? 'True' : 'False' },
        Initialized: initializedVerdict(pod, input),
        Ready: readyVerdict(pod, input, containersReady),
        ContainersReady: containersReady,
        PodScheduled: yes,
    };
    return Object.entries(verdicts).map(([type, verdict]) => {
        const old = input.old.find((condition) => condition.type === type);
        const lastTransitionTime = old?.status === verdict.status ? (old.lastTransitionTime ?? now) : now;
        const generation = pod.metadata?.generation;
        return {
            type,
            ...verdict,
            lastTransitionTime,
            ...(generation === undefined ? {} : { observedGeneration: generation }),
        };
    });
}

function quoted(names: readonly string[]): string {
    return `[${names.join(' ')}]`;
}

function initializedVerdict(pod: V1Pod, { init, phase, regular }: ConditionInput): Verdict {
    if (initContainersOf(pod).length === 0) return yes;
    if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
    const anyRegularRan = regular.some(({ state, lastState }) => state?.running ?? lastState?.terminated);
    if (anyRegularRan) return yes;
    const incomplete = initContainersOf(pod).filter((container) => {
        const status = init.find(({ name }) => name === container.name);
        if (isRestartableInit(container)) return status?.started !== true;
        return status?.ready !== true;
    });
    if (incomplete.length === 0) return yes;
    const names = incomplete.map(({ name }) => name);
    const message = `containers with incomplete status: ${quoted(names)}`;
    return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReadyVerdict(pod: V1Pod, { init, regular, phase }: ConditionInput): Verdict {
    if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
    if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
    const sidecars = initContainersOf(pod).filter(isRestartableInit);
    const unknown: string[] = [];
    const unready: string[] = [];
    for (const { name } of [...sidecars, ...containersOf(pod)]) {
        const status = [...init, ...regular].find((candidate) => candidate.name === name);
        if (status === undefined) unknown.push(name);
        else if (!status.ready) unready.push(name);
    }
    if (unknown.length === 0 && unready.length === 0) return yes;
    const parts = [];
    if (unknown.length > 0) parts.push(`containers with unknown status: ${quoted(unknown)}`);
    if (unready.length > 0) parts.push(`containers with unready status: ${quoted(unready)}`);
    return { status: 'False', reason: 'ContainersNotReady', message: parts.join(', ') };
}

function readyVerdict(pod: V1Pod, { old, phase }: ConditionInput, containersReady: Verdict): Verdict {
    if (containersReady.status !== 'True' || isTerminalPhase(phase)) return containersReady;
    const messages: string[] = [];
    for (const { conditionType } of pod.spec?.readinessGates ?? []) {
        const gate = old.find(({ type }) => type === conditionType);
        if (gate === undefined)
            messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
        else if (gate.status !== 'True')
            messages.push(
                `the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`,
            );
    }
    if (messages.length === 0) return yes;
    return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}
