import type { V1Pod, V1Toleration } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { isFor } from './requests.ts';

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';
const defaultSeconds = 300;

/** Lets pods stay for five minutes on a node that is not ready or not reachable. */
export function defaultTolerationSeconds(): AdmissionPlugin {
    return {
        name: 'DefaultTolerationSeconds',
        handles: (request) => isFor(request, 'pods', 'CREATE', 'UPDATE'),
        mutate({ object }) {
            const { spec } = object as V1Pod;
            if (spec === undefined) return;
            for (const key of [notReady, unreachable]) {
                if ((spec.tolerations ?? []).some((toleration) => tolerates(toleration, key))) continue;
                const toleration = {
                    key,
                    operator: 'Exists',
                    effect: 'NoExecute',
                    tolerationSeconds: defaultSeconds,
                };
                spec.tolerations = [...(spec.tolerations ?? []), toleration];
            }
        },
    };
}

function tolerates({ key, effect }: V1Toleration, taint: string): boolean {
    return (!key || key === taint) && (!effect || effect === 'NoExecute');
}
