import type {
    ResourceV1ResourceClaim,
    V1DeviceClass,
    V1ResourceClaimTemplate,
    V1ResourceSlice,
} from '../../meta/object.ts';
import { validateAnnotations, validateLabels } from '../../meta/names.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { immutable, items } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';
import { dropDeallocatedDevices, validateClaimStatusUpdate } from './claim-status.ts';
import { defaultDeviceClaim, defaultTolerations, dropDisabledFields, stampTaints } from './defaults.ts';
import { validateDeviceClaim } from './device-claim.ts';
import { validateClassSpec } from './device-class.ts';
import { validateSliceSpec } from './slice.ts';

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
    defaults: ({ spec, status }) => {
        defaultDeviceClaim(spec?.devices);
        for (const { tolerations } of items(status?.allocation?.devices?.results)) {
            defaultTolerations(tolerations);
        }
    },
    validate: ({ spec }) => validateDeviceClaim(spec?.devices ?? {}, 'spec.devices'),
    validateUpdate: (claim, old) => immutable(claim.spec, old.spec, 'spec'),
    prepareForStatusUpdate: dropDeallocatedDevices,
    validateStatusUpdate: validateClaimStatusUpdate,
    statusKeepsMetadata: true,
    columns: [nameColumn, column('State', stateText), ageColumn],
});

const resourceClaimTemplateStrategy: Strategy<Incomplete<V1ResourceClaimTemplate>> = {
    defaults: ({ spec }) => {
        defaultDeviceClaim(spec?.spec?.devices);
    },
    validate: ({ spec }) => [
        ...validateAnnotations(spec?.metadata?.annotations, 'spec.metadata.annotations'),
        ...validateLabels(spec?.metadata?.labels, 'spec.metadata.labels'),
        ...validateDeviceClaim(spec?.spec?.devices ?? {}, 'spec.spec.devices'),
    ],
    validateUpdate: (template, old) => immutable(template.spec, old.spec, 'spec'),
    columns: [nameColumn, ageColumn],
};

const deviceClassStrategy: Strategy<Incomplete<V1DeviceClass>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    validate: ({ spec = {} }) => validateClassSpec(spec, undefined),
    validateUpdate: ({ spec = {} }, old) => validateClassSpec(spec, old.spec ?? {}),
    columns: [nameColumn, ageColumn],
};

/** Said of the name of a driver, which is part of the names of files and of DNS. */
function driverWarnings({ spec }: Incomplete<V1ResourceSlice>): string[] {
    const driver = spec?.driver ?? '';
    if (driver === driver.toLowerCase()) return [];
    const name = JSON.stringify(driver);
    return [`spec.driver: driver names should be lowercase; ${name} contains uppercase characters`];
}

const resourceSliceStrategy: Strategy<Incomplete<V1ResourceSlice>> = {
    hasGeneration: true,
    prepareForCreate: (slice, context) => {
        startsGeneration(slice, context);
        stampTaints(slice, context.now);
        dropDisabledFields(slice);
    },
    prepareForUpdate: (slice, _old, { now }) => {
        stampTaints(slice, now);
        dropDisabledFields(slice);
    },
    validate: ({ spec = {} }) => validateSliceSpec(spec, undefined),
    validateUpdate: ({ spec = {} }, old) => validateSliceSpec(spec, old.spec ?? {}),
    warnings: driverWarnings,
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
