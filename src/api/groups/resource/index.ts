import type {
    ResourceV1ResourceClaim,
    V1DeviceClass,
    V1ResourceClaimTemplate,
    V1ResourceSlice,
} from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { immutable, items } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

/** "allocated,reserved" */
function stateText({ metadata, status }: Incomplete<ResourceV1ResourceClaim>): string {
    const isDeleted = metadata?.deletionTimestamp !== undefined;
    const states = isDeleted ? ['deleted'] : [];
    if (status?.allocation === undefined) return isDeleted ? 'deleted' : 'pending';
    states.push('allocated');
    if (items(status.reservedFor).length > 0) states.push('reserved');
    return states.join(',');
}

const resourceClaimStrategy: Strategy<Incomplete<ResourceV1ResourceClaim>> = withStatus<
    Incomplete<ResourceV1ResourceClaim>
>({
    validateUpdate: (claim, old) => immutable(claim.spec, old.spec, 'spec'),
    columns: [nameColumn, column('State', stateText), ageColumn],
});

const resourceClaimTemplateStrategy: Strategy<Incomplete<V1ResourceClaimTemplate>> = {
    validateUpdate: (template, old) => immutable(template.spec, old.spec, 'spec'),
    columns: [nameColumn, ageColumn],
};

const deviceClassStrategy: Strategy<Incomplete<V1DeviceClass>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    columns: [nameColumn, ageColumn],
};

const resourceSliceStrategy: Strategy<Incomplete<V1ResourceSlice>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    selectableFields: ({ spec }) => ({
        'spec.nodeName': spec?.nodeName ?? '',
        'spec.driver': spec?.driver ?? '',
    }),
    columns: [
        nameColumn,
        column('Node', ({ spec }) => spec?.nodeName ?? '<unset>'),
        column('Driver', ({ spec }) => spec?.driver ?? ''),
        column('Pool', ({ spec }) => spec?.pool?.name ?? ''),
        ageColumn,
    ],
};

export const resourceStrategies: Readonly<Record<string, Strategy>> = {
    deviceclasses: deviceClassStrategy,
    resourceclaims: resourceClaimStrategy,
    resourceclaimtemplates: resourceClaimTemplateStrategy,
    resourceslices: resourceSliceStrategy,
};
