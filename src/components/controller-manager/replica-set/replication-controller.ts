import { labelSelectorMatcher, setMatcher } from '../../../api/meta/selectors.ts';
import type { V1ReplicationController } from '../../../api/meta/object.ts';
import { replicationControllers } from '../../../client/resource-type.ts';
import type { ControllerDefinition } from '../controller-context.ts';
import { ReplicaController } from './replica-controller.ts';

export const replicationController: ControllerDefinition = {
    name: 'replicationcontroller-controller',
    serviceAccount: 'replication-controller',
    create: (context) =>
        new ReplicaController<V1ReplicationController>(
            {
                type: replicationControllers,
                queue: 'replicationmanager',
                // Without selector it selects nothing, never everything.
                selector: ({ spec }) =>
                    spec?.selector === undefined
                        ? labelSelectorMatcher(undefined)
                        : setMatcher(spec.selector),
                countsTerminating: false,
            },
            context,
        ),
};
