import { tolerates } from './taint-toleration.ts';
import type { Plugin } from '../framework.ts';

/** Cordoned nodes take no new pods but those that tolerate it. */
export const nodeUnschedulable: Plugin = {
    name: 'NodeUnschedulable',
    retryOn: ['nodeAdded', 'nodeUnschedulable'],
    filter: (info, { node }) =>
        node?.spec?.unschedulable === true &&
        !tolerates(info.tolerations, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })
            ? { reasons: ['node(s) were unschedulable'], unresolvable: true }
            : undefined,
};
