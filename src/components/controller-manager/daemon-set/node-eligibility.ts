import type { V1DaemonSet, V1Node } from '../../../api/meta/object.ts';
import { allowsNode } from '../../../api/meta/node-selector.ts';
import { untolerated } from '../../../api/meta/tolerations.ts';
import { daemonTolerations } from './tolerations.ts';

export interface Eligibility {
    /** A pod is to be started on the node. */
    shouldRun: boolean;
    /** A pod that runs there may stay: a taint that only keeps new pods away does not drive it out. */
    shouldContinue: boolean;
}

const never: Eligibility = { shouldRun: false, shouldContinue: false };

/** Whether the node is one for this daemon: by name, selector, required affinity and taints. */
export function nodeEligibility({ spec }: V1DaemonSet, node: V1Node): Eligibility {
    const podSpec = spec?.template.spec;
    if (podSpec === undefined) return never;
    if (podSpec.nodeName && podSpec.nodeName !== node.metadata?.name) return never;
    if (!allowsNode(podSpec, { name: node.metadata?.name ?? '', labels: node.metadata?.labels ?? {} }))
        return never;
    const tolerations = daemonTolerations(podSpec);
    const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
    const shouldRun = untolerated(taints, tolerations) === undefined;
    const evicting = taints.filter(({ effect }) => effect === 'NoExecute');
    return { shouldRun, shouldContinue: shouldRun || untolerated(evicting, tolerations) === undefined };
}
