import { quantityToMilli, quantityToNumber } from '../../../api/meta/quantity.ts';
import type { V1Container, V1Pod } from '../../../api/meta/object.ts';
import { initContainersOf, isRestartableInit } from '../pod/pod.ts';
import { qosClassOf } from '../pod/qos.ts';
import type { LinuxResources } from '../runtime/runtime.ts';

const sharesMin = 2;
const sharesMax = 262_144;
const quotaPeriodUs = 100_000;
const quotaMinUs = 1000;

/** cgroup CPU weight of a request: 1024 a core. */
export function milliCpuToShares(milli: number): number {
    if (milli === 0) return sharesMin;
    return Math.min(Math.max(Math.floor((milli * 1024) / 1000), sharesMin), sharesMax);
}

/** CFS quota of a limit for a period of 100 ms. */
export function milliCpuToQuotaUs(milli: number): number {
    return Math.max((milli * quotaPeriodUs) / 1000, quotaMinUs);
}

/** oom_score_adj as upstream's qos.GetContainerOOMScoreAdjust: the less it asked for, the sooner it goes. */
export function oomScoreAdjust(pod: V1Pod, container: V1Container, memoryCapacityBytes: number): number {
    if (pod.spec?.priorityClassName === 'system-node-critical') return -997;
    switch (qosClassOf(pod)) {
        case 'Guaranteed':
            return -997;
        case 'BestEffort':
            return 1000;
        case 'Burstable':
            return burstableScore(pod, container, memoryCapacityBytes);
    }
}

function memoryRequest(container: V1Container): number {
    const { requests, limits } = container.resources ?? {};
    return quantityToNumber(requests?.['memory'] ?? limits?.['memory'] ?? '0');
}

function burstableScore(pod: V1Pod, container: V1Container, capacityBytes: number): number {
    const score = (request: number) => 1000 - Math.floor((1000 * request) / capacityBytes);
    let adjust = score(memoryRequest(container));
    const isSidecar = isRestartableInit(container) && initContainersOf(pod).includes(container);
    if (isSidecar) {
        const smallest = Math.min(...(pod.spec?.containers ?? []).map(memoryRequest));
        adjust = Math.min(adjust, score(smallest));
    }
    if (adjust < 1000 - 997) return 1000 - 997;
    return adjust === 1000 ? adjust - 1 : adjust;
}

/** From requests and limits to cgroup values. */
export function linuxResources(
    pod: V1Pod,
    container: V1Container,
    { memoryCapacityBytes }: { memoryCapacityBytes: number },
): LinuxResources {
    const { requests, limits } = container.resources ?? {};
    const cpuLimit = limits?.['cpu'] === undefined ? 0 : quantityToMilli(limits['cpu']);
    const cpuRequest = requests?.['cpu'] === undefined ? cpuLimit : quantityToMilli(requests['cpu']);
    const memoryLimit = limits?.['memory'] === undefined ? 0 : quantityToNumber(limits['memory']);
    return {
        cpuShares: milliCpuToShares(cpuRequest),
        ...(cpuLimit > 0 ? { cpuQuotaUs: milliCpuToQuotaUs(cpuLimit), cpuPeriodUs: quotaPeriodUs } : {}),
        ...(memoryLimit > 0 ? { memoryLimitBytes: memoryLimit } : {}),
        oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacityBytes),
    };
}
