import type {
    ApiObject,
    V1DaemonSetSpec,
    V1DeploymentSpec,
    V1PodTemplateSpec,
    V1StatefulSetSpec,
} from '../../meta/object.ts';
import type { VersionConversion } from '../resource.ts';

/** "No limit" and "no deadline", as extensions/v1beta1 writes it. */
const int32Max = 2 ** 31 - 1;
const appsV1beta1RevisionHistory = 2;

interface Workload extends ApiObject {
    spec?: { selector?: { matchLabels?: Record<string, string> }; template?: V1PodTemplateSpec };
}

/** Workloads are the same in all versions but for defaults and for fields that no server acts on any more. */
export const workloadConversion: VersionConversion = {
    stored: { group: 'apps', version: 'v1' },
    toStored: (object) => {
        const { spec, ...rest } = object as ApiObject & { spec?: Record<string, unknown> };
        if (spec === undefined) return { ...rest };
        const { rollbackTo: _rollbackTo, templateGeneration: _templateGeneration, ...kept } = spec;
        return { ...rest, spec: kept } as ApiObject;
    },
    fromStored: (object) => ({ ...object }),
};

/** Before apps/v1beta2 a workload's selector and labels came from its template when they were left out. */
export function defaultFromTemplate(object: ApiObject): void {
    const { spec } = object as Workload;
    const labels = spec?.template?.metadata?.labels;
    if (spec === undefined || labels === undefined || Object.keys(labels).length === 0) return;
    spec.selector ??= { matchLabels: { ...labels } };
    const metadata = (object.metadata ??= {});
    metadata.labels ??= { ...labels };
}

export function defaultExtensionsDeployment(object: ApiObject): void {
    defaultFromTemplate(object);
    const { spec } = object as { spec?: V1DeploymentSpec };
    if (spec === undefined) return;
    spec.revisionHistoryLimit ??= int32Max;
    spec.progressDeadlineSeconds ??= int32Max;
    const strategy = (spec.strategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type !== 'RollingUpdate') return;
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 1;
}

export function defaultExtensionsDaemonSet(object: ApiObject): void {
    defaultFromTemplate(object);
    const { spec } = object as { spec?: V1DaemonSetSpec };
    if (spec !== undefined) (spec.updateStrategy ??= {}).type ??= 'OnDelete';
}

export function defaultAppsV1beta1Deployment(object: ApiObject): void {
    defaultFromTemplate(object);
    const { spec } = object as { spec?: V1DeploymentSpec };
    if (spec !== undefined) spec.revisionHistoryLimit ??= appsV1beta1RevisionHistory;
}

export function defaultAppsV1beta1StatefulSet(object: ApiObject): void {
    defaultFromTemplate(object);
    const { spec } = object as { spec?: V1StatefulSetSpec };
    if (spec !== undefined) (spec.updateStrategy ??= {}).type ??= 'OnDelete';
}
