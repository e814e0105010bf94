import type { Plugin } from '../framework.ts';

/** A pod that names its node fits no other. */
export const nodeName: Plugin = {
    name: 'NodeName',
    retryOn: ['nodeAdded'],
    prepare: (info) => (info.pod.spec?.nodeName ? undefined : 'skip'),
    filter: (info, node) =>
        info.pod.spec?.nodeName === node.name
            ? undefined
            : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true },
};
