import { approvalMessage, approvalOf, isProtectedGroup } from '../../../api/groups/apiextensions/names.ts';
import { getCondition, setCondition } from '../../../api/meta/conditions.ts';
import type {
    V1CustomResourceDefinition,
    V1CustomResourceDefinitionCondition,
    V1CustomResourceDefinitionNames,
    V1CustomResourceDefinitionStatus,
} from '../../../api/meta/object.ts';

type Condition = Omit<V1CustomResourceDefinitionCondition, 'lastTransitionTime'>;

/** Names that other resources of the group have: plurals, singulars, short names and kinds. */
export interface NamesInUse {
    resources: ReadonlySet<string>;
    kinds: ReadonlySet<string>;
}

/**
 * The status of a definition after its names were looked at: what is free of its names becomes accepted, and once
 * all have been it is established, for good. The same object when nothing changes.
 */
export function nameStatus(
    definition: V1CustomResourceDefinition,
    used: NamesInUse,
    now: string,
): V1CustomResourceDefinitionStatus {
    const status = definition.status ?? {};
    const { accepted, condition } = acceptNames(definition, used);
    let conditions = setCondition(status.conditions, condition as V1CustomResourceDefinitionCondition, now);
    const established = getCondition(conditions, 'Established');
    if (established?.status !== 'True') conditions = setCondition(conditions, establishment(condition), now);
    if (isProtectedGroup(definition.spec.group))
        conditions = setCondition(conditions, approvalCondition(definition), now);
    return { ...status, conditions, acceptedNames: accepted };
}

function establishment({ status }: Condition): V1CustomResourceDefinitionCondition {
    return status === 'True'
        ? {
              type: 'Established',
              status: 'True',
              reason: 'InitialNamesAccepted',
              message: 'the initial names have been accepted',
          }
        : {
              type: 'Established',
              status: 'False',
              reason: 'NotAccepted',
              message: 'not all names are accepted',
          };
}

function approvalCondition(definition: V1CustomResourceDefinition): V1CustomResourceDefinitionCondition {
    const approval = approvalOf(definition);
    const reasons = {
        approved: 'ApprovedAnnotation',
        bypassed: 'UnapprovedAnnotation',
        missing: 'MissingAnnotation',
        invalid: 'InvalidAnnotation',
    };
    return {
        type: 'KubernetesAPIApprovalPolicyConformant',
        status: approval.state === 'approved' ? 'True' : 'False',
        reason: reasons[approval.state],
        message: approvalMessage(approval),
    };
}

function acceptNames(
    { spec, status }: V1CustomResourceDefinition,
    { resources, kinds }: NamesInUse,
): { accepted: V1CustomResourceDefinitionNames; condition: Condition } {
    const wanted = spec.names;
    const before = status?.acceptedNames ?? { kind: '', plural: '' };
    const accepted: V1CustomResourceDefinitionNames = { ...before };
    let condition: Condition = {
        type: 'NamesAccepted',
        status: 'True',
        reason: 'NoConflicts',
        message: 'no conflicts found',
    };
    const conflict = (reason: string, message: string): void => {
        condition = { type: 'NamesAccepted', status: 'False', reason, message };
    };
    const fields = [
        { field: 'plural', reason: 'PluralConflict', used: resources },
        { field: 'singular', reason: 'SingularConflict', used: resources },
        { field: 'kind', reason: 'KindConflict', used: kinds },
        { field: 'listKind', reason: 'ListKindConflict', used: kinds },
    ] as const;
    for (const { field, reason, used } of fields) {
        const name = wanted[field] ?? '';
        if (name !== (before[field] ?? '') && used.has(name)) conflict(reason, inUse(name));
        else if (name !== '') accepted[field] = name;
    }
    const taken = (wanted.shortNames ?? []).filter(
        (name) => before.shortNames?.includes(name) !== true && resources.has(name),
    );
    if (taken.length > 0)
        conflict(
            'ShortNamesConflict',
            taken.length === 1 ? inUse(taken[0] ?? '') : `[${taken.map(inUse).join(', ')}]`,
        );
    else setOrDelete(accepted, 'shortNames', wanted.shortNames);
    setOrDelete(accepted, 'categories', wanted.categories);
    return { accepted, condition };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;

function setOrDelete(
    names: V1CustomResourceDefinitionNames,
    field: 'shortNames' | 'categories',
    value: string[] | undefined,
): void {
    if (value === undefined) Reflect.deleteProperty(names, field);
    else names[field] = value;
}
