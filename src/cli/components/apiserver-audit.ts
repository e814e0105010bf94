import type { ThrottleSettings } from '../../components/apiserver/audit/throttle.ts';
import type { auditFlags } from '../flag-sets/audit-flags.ts';
import type { FlagValues } from '../flags.ts';
import { FlagError } from './flag-error.ts';

/** How much may leave for the log or the webhook; undefined where it is not bounded. Throws FlagError. */
export function auditThrottleOf(
    flags: FlagValues<typeof auditFlags>,
    output: 'log' | 'webhook',
): ThrottleSettings | undefined {
    if (flags[`audit-${output}-mode`] !== 'batch' || !flags[`audit-${output}-batch-throttle-enable`])
        return undefined;
    const perSecond = flags[`audit-${output}-batch-throttle-qps`];
    const burst = flags[`audit-${output}-batch-throttle-burst`];
    const name = `invalid audit batch ${output} throttle`;
    if (!(perSecond > 0)) throw new FlagError(`${name} QPS ${perSecond}, must be a positive number`);
    if (!(burst > 0)) throw new FlagError(`${name} burst ${burst}, must be a positive number`);
    return { perSecond, burst };
}
