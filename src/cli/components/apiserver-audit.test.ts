import { describe, expect, it } from '@jest/globals';
import { auditFlags } from '../flag-sets/audit-flags.ts';
import type { FlagValues } from '../flags.ts';
import { auditThrottleOf } from './apiserver-audit.ts';

type Flags = FlagValues<typeof auditFlags>;
const defaults = Object.fromEntries(
    Object.entries(auditFlags).map(([name, { fallback }]) => [name, fallback]),
) as Flags;

describe('flags that throttle what is audited', () => {
    it('bound batches for the webhook, and nothing for the log, unless they say otherwise', () => {
        expect(auditThrottleOf(defaults, 'webhook')).toEqual({ perSecond: 10, burst: 15 });
        expect(auditThrottleOf(defaults, 'log')).toBeUndefined();
        const off = { ...defaults, 'audit-webhook-batch-throttle-enable': false };
        expect(auditThrottleOf(off, 'webhook')).toBeUndefined();
        expect(auditThrottleOf({ ...defaults, 'audit-webhook-mode': 'blocking' }, 'webhook')).toBeUndefined();
    });

    it('are refused where they would let nothing through', () => {
        const log: Flags = {
            ...defaults,
            'audit-log-mode': 'batch',
            'audit-log-batch-throttle-enable': true,
            'audit-log-batch-throttle-qps': 0.5,
        };
        expect(() => auditThrottleOf(log, 'log')).toThrow(
            'invalid audit batch log throttle burst 0, must be a positive number',
        );
        expect(auditThrottleOf({ ...log, 'audit-log-batch-throttle-burst': 2 }, 'log')).toEqual({
            perSecond: 0.5,
            burst: 2,
        });
        expect(() => auditThrottleOf({ ...log, 'audit-log-batch-throttle-qps': 0 }, 'log')).toThrow(
            'invalid audit batch log throttle QPS 0, must be a positive number',
        );
    });
});
