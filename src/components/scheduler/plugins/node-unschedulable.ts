import { isTolerated } from '../../../api/meta/tolerations.ts';
import type { Plugin } from '../framework.ts';

/** Cordoned nodes take no new pods but those that tolerate it. */
export const nodeUnschedulable: Plugin = {
    name: 'NodeUnschedulable',
    retryOn: ['nodeAdded', 'nodeUnschedulable'],
    filter: (info, { node }) =>
        node?.spec?.unschedulable === true &&
        !isTolerated({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, info.tolerations)
            ? { reasons: ['node(s) were unschedulable'], unresolvable: true }
            : undefined,
};
