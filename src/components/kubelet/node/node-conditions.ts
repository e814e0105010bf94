import type { V1NodeCondition } from '../../../api/meta/object.ts';

export interface NodeHealth {
    /** What keeps the node from being ready; empty when nothing does. */
    problems: readonly string[];
    memoryPressure: boolean;
    diskPressure: boolean;
    pidPressure: boolean;
}

interface Verdict {
    status: 'True' | 'False';
    reason: string;
    message: string;
}

function pressure(isUnder: boolean, under: Omit<Verdict, 'status'>, fine: Omit<Verdict, 'status'>): Verdict {
    return isUnder ? { status: 'True', ...under } : { status: 'False', ...fine };
}

function ready(problems: readonly string[]): Verdict {
    if (problems.length === 0)
        return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
    const message = problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`;
    return { status: 'False', reason: 'KubeletNotReady', message };
}

/** The node's conditions in upstream's order and words; transition times stay where the status does. */
export function nodeConditions(
    health: NodeHealth,
    old: readonly V1NodeCondition[],
    now: string,
): V1NodeCondition[] {
    const verdicts: Record<string, Verdict> = {
        MemoryPressure: pressure(
            health.memoryPressure,
            { reason: 'KubeletHasInsufficientMemory', message: 'kubelet has insufficient memory available' },
            { reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
        ),
        DiskPressure: pressure(
            health.diskPressure,
            { reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' },
            { reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
        ),
        PIDPressure: pressure(
            health.pidPressure,
            { reason: 'KubeletHasInsufficientPID', message: 'kubelet has insufficient PID available' },
            { reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
        ),
        Ready: ready(health.problems),
    };
    return Object.entries(verdicts).map(([type, verdict]) => {
        const before = old.find((condition) => condition.type === type);
        const same = before?.status === verdict.status;
        return {
            type,
            ...verdict,
            lastHeartbeatTime: now,
            lastTransitionTime: same ? (before.lastTransitionTime ?? now) : now,
        };
    });
}
