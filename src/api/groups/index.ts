import { schema, type SchemaResource } from '../schema/schema.ts';
import { admissionRegistrationStrategies } from './admissionregistration/index.ts';
import { apiExtensionsStrategies } from './apiextensions/index.ts';
import { apiRegistrationStrategies } from './apiregistration/index.ts';
import { appsStrategies } from './apps/index.ts';
import {
    autoscalingV1Conversions,
    autoscalingV1Strategies,
    autoscalingV2Strategies,
} from './autoscaling/index.ts';
import { batchStrategies } from './batch/index.ts';
import { certificatesStrategies } from './certificates/index.ts';
import { defaultColumns } from './columns.ts';
import { coordinationStrategies } from './coordination/index.ts';
import { eventConversion } from './core/event/conversion.ts';
import { eventV1Strategy } from './core/event/events-v1.ts';
import { coreStrategies } from './core/index.ts';
import { discoveryStrategies } from './discovery/index.ts';
import { flowControlStrategies } from './flowcontrol/index.ts';
import { categoriesOf, shortNames, singularOf, storagePrefixOf } from './names.ts';
import { legacyConversions, legacyStrategies } from './legacy/index.ts';
import { networkingStrategies } from './networking/index.ts';
import { nodeStrategies } from './node/index.ts';
import { policyStrategies } from './policy/index.ts';
import { rbacStrategies } from './rbac/index.ts';
import type {
    ResourceDefinition,
    Strategy,
    SubresourceDefinition,
    Verb,
    VersionConversion,
} from './resource.ts';
import { resourceStrategies } from './resource/index.ts';
import { schedulingStrategies } from './scheduling/index.ts';
import { storageStrategies } from './storage/index.ts';

type ByPlural<T> = Readonly<Record<string, T>>;

/** The rules of every resource, by group/version and plural. What is missing here is served generically. */
const strategies: ByPlural<ByPlural<Strategy>> = {
    '/v1': coreStrategies,
    'admissionregistration.k8s.io/v1': admissionRegistrationStrategies,
    'apiextensions.k8s.io/v1': apiExtensionsStrategies,
    'apiregistration.k8s.io/v1': apiRegistrationStrategies,
    'apps/v1': appsStrategies,
    'autoscaling/v1': autoscalingV1Strategies,
    'autoscaling/v2': autoscalingV2Strategies,
    'batch/v1': batchStrategies,
    'certificates.k8s.io/v1': certificatesStrategies,
    'coordination.k8s.io/v1': coordinationStrategies,
    'discovery.k8s.io/v1': discoveryStrategies,
    'events.k8s.io/v1': { events: eventV1Strategy },
    'flowcontrol.apiserver.k8s.io/v1': flowControlStrategies,
    'networking.k8s.io/v1': networkingStrategies,
    'node.k8s.io/v1': nodeStrategies,
    'policy/v1': policyStrategies,
    'rbac.authorization.k8s.io/v1': rbacStrategies,
    'resource.k8s.io/v1': resourceStrategies,
    'scheduling.k8s.io/v1': schedulingStrategies,
    'storage.k8s.io/v1': storageStrategies,
    ...legacyStrategies,
};

const conversions: ByPlural<ByPlural<VersionConversion>> = {
    'autoscaling/v1': autoscalingV1Conversions,
    'events.k8s.io/v1': { events: eventConversion },
    ...legacyConversions,
};

function define(resource: SchemaResource): ResourceDefinition {
    const { group, version, plural, kind } = resource;
    const key = `${group}/${version}`;
    const strategy = strategies[key]?.[plural] ?? {};
    const conversion = conversions[key]?.[plural];
    return {
        group,
        version,
        plural,
        singular: singularOf(plural, kind),
        kind,
        listKind: `${kind}List`,
        namespaced: resource.namespaced,
        verbs: resource.verbs as readonly Verb[],
        type: resource.type,
        // A short name means the resource of today, not its old version in another group.
        shortNames: group === 'extensions' ? [] : (shortNames[plural] ?? []),
        categories: categoriesOf(plural),
        subresources: resource.subresources as Readonly<Record<string, SubresourceDefinition>>,
        storagePrefix: storagePrefixOf(plural),
        strategy: { ...strategy, columns: strategy.columns ?? defaultColumns },
        ...(conversion === undefined ? {} : { conversion }),
    };
}

let definitions: readonly ResourceDefinition[] | undefined;

/** All resources of the generated schema with their rules, in the schema's order. Made once. */
export function resourceDefinitions(): readonly ResourceDefinition[] {
    definitions ??= schema().resources.map(define);
    return definitions;
}
