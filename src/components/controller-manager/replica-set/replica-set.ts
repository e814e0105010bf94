import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import type { V1ReplicaSet } from '../../../api/meta/object.ts';
import { replicaSets } from '../../../client/resource-type.ts';
import type { ControllerDefinition } from '../controller-context.ts';
import { ReplicaController } from './replica-controller.ts';

export const replicaSetController: ControllerDefinition = {
    name: 'replicaset-controller',
    serviceAccount: 'replicaset-controller',
    create: (context) =>
        new ReplicaController<V1ReplicaSet>(
            {
                type: replicaSets,
                queue: 'replicaset',
                selector: ({ spec }) => labelSelectorMatcher(spec?.selector),
                countsTerminating: true,
            },
            context,
        ),
};
