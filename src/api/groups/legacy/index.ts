import type { ApiObject } from '../../meta/object.ts';
import { schema } from '../../schema/schema.ts';
import { appsStrategies } from '../apps/index.ts';
import { convertedStrategy } from '../converted-strategy.ts';
import { networkingStrategies } from '../networking/index.ts';
import type { Strategy, VersionConversion } from '../resource.ts';
import { ingressConversion } from './ingress.ts';
import { legacySchema } from './schema.ts';
import {
    defaultAppsV1beta1Deployment,
    defaultAppsV1beta1StatefulSet,
    defaultExtensionsDaemonSet,
    defaultExtensionsDeployment,
    defaultFromTemplate,
    workloadConversion,
} from './workloads.ts';

type ByPlural<T> = Readonly<Record<string, T>>;
type Defaults = (object: ApiObject) => void;

/** What upstream's warnings say of a version: since when it is deprecated, and since when gone. */
interface Sunset {
    groupVersion: string;
    deprecated: string;
    removed: string;
}
const extensions: Sunset = { groupVersion: 'extensions/v1beta1', deprecated: 'v1.9', removed: 'v1.16' };
const extensionsIngress: Sunset = { ...extensions, deprecated: 'v1.14', removed: 'v1.22' };
const networking: Sunset = {
    groupVersion: 'networking.k8s.io/v1beta1',
    deprecated: 'v1.19',
    removed: 'v1.22',
};
const appsV1beta1: Sunset = { groupVersion: 'apps/v1beta1', deprecated: 'v1.8', removed: 'v1.16' };
const appsV1beta2: Sunset = { groupVersion: 'apps/v1beta2', deprecated: 'v1.9', removed: 'v1.16' };

const none: Defaults = () => undefined;

function workload(plural: string, kind: string, sunset: Sunset, defaults: Defaults): Strategy {
    const strategy = convertedStrategy(appsStrategies[plural] ?? {}, workloadConversion);
    return legacy(strategy, { kind, sunset, defaults, use: `apps/v1 ${kind}` });
}

function ingress(sunset: Sunset): Strategy {
    const strategy = convertedStrategy(
        networkingStrategies['ingresses'] ?? {},
        ingressConversion,
    ) as Strategy;
    return legacy(strategy, { kind: 'Ingress', sunset, defaults: none, use: 'networking.k8s.io/v1 Ingress' });
}

function legacy(
    strategy: Strategy,
    { kind, sunset, defaults, use }: { kind: string; sunset: Sunset; defaults: Defaults; use: string },
): Strategy {
    const { groupVersion, deprecated, removed } = sunset;
    const deprecation = `${groupVersion} ${kind} is deprecated in ${deprecated}+, unavailable in ${removed}+; use ${use}`;
    return {
        ...strategy,
        defaults: (object) => {
            defaults(object);
            strategy.defaults?.(object);
        },
        deprecation,
        removedRelease: removed.slice(1),
    };
}

export const legacyStrategies: ByPlural<ByPlural<Strategy>> = {
    'extensions/v1beta1': {
        daemonsets: workload('daemonsets', 'DaemonSet', extensions, defaultExtensionsDaemonSet),
        deployments: workload('deployments', 'Deployment', extensions, defaultExtensionsDeployment),
        replicasets: workload('replicasets', 'ReplicaSet', extensions, defaultFromTemplate),
        ingresses: ingress(extensionsIngress),
    },
    'networking.k8s.io/v1beta1': { ingresses: ingress(networking) },
    'apps/v1beta1': {
        deployments: workload('deployments', 'Deployment', appsV1beta1, defaultAppsV1beta1Deployment),
        statefulsets: workload('statefulsets', 'StatefulSet', appsV1beta1, defaultAppsV1beta1StatefulSet),
    },
    'apps/v1beta2': {
        daemonsets: workload('daemonsets', 'DaemonSet', appsV1beta2, none),
        deployments: workload('deployments', 'Deployment', appsV1beta2, none),
        replicasets: workload('replicasets', 'ReplicaSet', appsV1beta2, none),
        statefulsets: workload('statefulsets', 'StatefulSet', appsV1beta2, none),
    },
};

export const legacyConversions: ByPlural<ByPlural<VersionConversion>> = Object.fromEntries(
    Object.entries(legacyStrategies).map(([version, byPlural]) => [
        version,
        Object.fromEntries(
            Object.keys(byPlural).map((plural) => [
                plural,
                plural === 'ingresses' ? (ingressConversion as VersionConversion) : workloadConversion,
            ]),
        ),
    ]),
);

/**
 * Serves versions that upstream has removed (`--legacy-apis`): objects are read and written in them, and stored in
 * today's. To be called before anything asks for the schema's resources.
 */
export function serveLegacyApis(): void {
    schema().add(legacySchema());
}
