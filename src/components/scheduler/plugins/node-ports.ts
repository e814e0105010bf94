import type { Plugin } from '../framework.ts';

/** A host port can be taken once per node and address. */
export const nodePorts: Plugin = {
    name: 'NodePorts',
    retryOn: ['nodeAdded', 'podDeleted'],
    prepare: (info) => (info.hostPorts.length === 0 ? 'skip' : undefined),
    filter: (info, node) =>
        node.portsClash(info)
            ? { reasons: ["node(s) didn't have free ports for the requested pod ports"], unresolvable: false }
            : undefined,
};
