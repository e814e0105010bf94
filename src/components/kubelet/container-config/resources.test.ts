import { describe, expect, it } from '@jest/globals';
import type { V1Pod, V1ResourceRequirements } from '../../../api/meta/object.ts';
import { linuxResources } from './resources.ts';

const gibibyte = 1024 ** 3;

function convert(resources: V1ResourceRequirements | undefined) {
    const container = { name: 'c', resources };
    const pod: V1Pod = { spec: { containers: [container] } };
    return linuxResources(pod, container, { memoryCapacityBytes: 4 * gibibyte });
}

describe('linuxResources', () => {
    it('gives a best-effort container the least shares and the first place with the OOM killer', () => {
        expect(convert(undefined)).toEqual({ cpuShares: 2, oomScoreAdj: 1000 });
    });

    it('protects a guaranteed container and limits it', () => {
        const limits = { cpu: '250m', memory: '64Mi' };
        expect(convert({ limits, requests: limits })).toEqual({
            cpuShares: 256,
            cpuQuotaUs: 25_000,
            cpuPeriodUs: 100_000,
            memoryLimitBytes: 64 * 1024 * 1024,
            oomScoreAdj: -997,
        });
    });

    it('scores a burstable container by its memory request', () => {
        expect(convert({ requests: { memory: '1Gi' } })).toEqual({ cpuShares: 2, oomScoreAdj: 750 });
        expect(convert({ requests: { cpu: '1' } }).oomScoreAdj).toBe(999);
    });
});
