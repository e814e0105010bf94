import type { V1Taint, V1Toleration } from '../../../api/meta/object.ts';
import { tolerates } from '../../../api/meta/tolerations.ts';

/** What NoExecute taints mean for a pod. */
export type EvictionVerdict = { type: 'stays' } | { type: 'evicted'; afterMs: number };

/**
 * A pod that does not tolerate every taint goes at once. Otherwise the tolerations in use that are
 * limited in time count, and the shortest of them.
 */
export function evictionVerdict(
    taints: readonly V1Taint[],
    tolerations: readonly V1Toleration[],
): EvictionVerdict {
    if (taints.length === 0) return { type: 'stays' };
    let seconds = Number.POSITIVE_INFINITY;
    for (const taint of taints) {
        // As upstream: of the tolerations of one taint the first one counts.
        const used = tolerations.find((toleration) => tolerates(toleration, taint));
        if (used === undefined) return { type: 'evicted', afterMs: 0 };
        if (used.tolerationSeconds !== undefined)
            seconds = Math.min(seconds, Math.max(0, used.tolerationSeconds));
    }
    return Number.isFinite(seconds) ? { type: 'evicted', afterMs: seconds * 1000 } : { type: 'stays' };
}
