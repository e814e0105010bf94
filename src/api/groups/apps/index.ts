import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1ControllerRevision } from '../../meta/object.ts';
import { parseApiVersion } from '../../meta/object.ts';
import { controllerOf } from '../../meta/owner-references.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { immutable, nonNegative } from '../validation/basic.ts';
import { daemonSetStrategy } from './daemon-set.ts';
import { deploymentStrategy } from './deployment.ts';
import { replicaSetStrategy } from './replica-set.ts';
import { statefulSetStrategy } from './stateful-set.ts';

function validateRevision({ revision }: V1ControllerRevision): FieldError[] {
    return nonNegative(revision, 'revision');
}

/** "daemonset.apps/name" */
function controllerText(object: V1ControllerRevision): string {
    const owner = controllerOf(object);
    if (owner === undefined) return '<none>';
    const group = parseApiVersion(owner.apiVersion)?.group ?? '';
    const kind = owner.kind.toLowerCase();
    return `${group === '' ? kind : `${kind}.${group}`}/${owner.name}`;
}

const controllerRevisionStrategy: Strategy<V1ControllerRevision> = {
    validate: (object) => [
        ...validateRevision(object),
        ...(object.data === undefined ? [fieldErrors.required('data', 'data is mandatory')] : []),
    ],
    validateUpdate: (object, old) => [
        ...validateRevision(object),
        ...immutable(object.data, old.data, 'data'),
    ],
    columns: [
        nameColumn,
        column('Controller', controllerText),
        column('Revision', ({ revision }) => revision),
        ageColumn,
    ],
};

export const appsStrategies: Readonly<Record<string, Strategy>> = {
    controllerrevisions: controllerRevisionStrategy,
    daemonsets: daemonSetStrategy,
    deployments: deploymentStrategy,
    replicasets: replicaSetStrategy,
    statefulsets: statefulSetStrategy,
};
