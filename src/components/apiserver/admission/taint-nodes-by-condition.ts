import type { V1Node } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { isFor } from './requests.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** Keeps pods off a new node until it has been seen ready. */
export function taintNodesByCondition(): AdmissionPlugin {
    return {
        name: 'TaintNodesByCondition',
        handles: (request) => isFor(request, 'nodes', 'CREATE'),
        mutate({ object }) {
            const node = object as V1Node;
            const taints = node.spec?.taints ?? [];
            if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return;
            node.spec = { ...node.spec, taints: [...taints, { ...notReady }] };
        },
    };
}
