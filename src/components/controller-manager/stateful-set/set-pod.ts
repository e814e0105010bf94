import type { Stored, V1Pod, V1PodTemplateSpec, V1StatefulSet, V1Volume } from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { availableInMs, isPodReady } from '../shared/pod-status.ts';
import { claimNameOf, ordinalOf, podNameOf } from './ordinals.ts';

export type StatefulSet = Stored<V1StatefulSet>;
export type SetPod = Stored<V1Pod>;

export const ownerKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' };
/** Carries the name of the revision, not only its hash. */
export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The pod of one ordinal, with the template of one revision. */
export function newPod(
    set: StatefulSet,
    { ordinal, template, revision }: { ordinal: number; template: V1PodTemplateSpec; revision: string },
): V1Pod {
    const name = podNameOf(set, ordinal);
    const pod = podFromTemplate({
        template,
        owner: set,
        ownerReference: controllerRef(set, ownerKind),
        name,
    });
    const { spec } = pod;
    return {
        ...pod,
        metadata: {
            ...pod.metadata,
            labels: { ...pod.metadata?.labels, ...identityLabels(name, ordinal), [revisionLabel]: revision },
        },
        ...(spec === undefined
            ? {}
            : {
                  spec: {
                      ...spec,
                      hostname: name,
                      subdomain: set.spec?.serviceName,
                      volumes: claimVolumes(set, ordinal, spec.volumes ?? []),
                  },
              }),
    };
}

const identityLabels = (name: string, ordinal: number): Record<string, string> => ({
    [podNameLabel]: name,
    [podIndexLabel]: String(ordinal),
});

/** Labels that an adopted pod lacks; undefined when it has them all. */
export function missingIdentity({ metadata }: SetPod): Record<string, string> | undefined {
    const wanted = identityLabels(metadata.name, ordinalOf({ metadata }));
    const isSame = Object.entries(wanted).every(([key, value]) => metadata.labels?.[key] === value);
    return isSame ? undefined : wanted;
}

/** A claim template takes the place of a volume of the same name. */
function claimVolumes({ metadata, spec }: StatefulSet, ordinal: number, volumes: V1Volume[]): V1Volume[] {
    const claims = (spec?.volumeClaimTemplates ?? []).map((template) => {
        const name = template.metadata?.name ?? '';
        return { name, persistentVolumeClaim: { claimName: claimNameOf({ metadata }, name, ordinal) } };
    });
    const names = new Set(claims.map(({ name }) => name));
    return [...claims, ...volumes.filter(({ name }) => !names.has(name))];
}

export const revisionOf = ({ metadata }: V1Pod): string => metadata?.labels?.[revisionLabel] ?? '';

export const isTerminating = ({ metadata }: V1Pod): boolean => metadata?.deletionTimestamp !== undefined;

/** Over by itself: it is to be replaced by another pod of its name. */
export const isOver = ({ status }: V1Pod): boolean =>
    status?.phase === 'Failed' || status?.phase === 'Succeeded';

export const isRunningAndReady = (pod: V1Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);

/** Ready for at least `minReadySeconds`. */
export const isAvailable = (pod: V1Pod, { spec }: V1StatefulSet, nowMs: number): boolean =>
    pod.status?.phase === 'Running' && availableInMs(pod, spec?.minReadySeconds ?? 0, nowMs) === 0;

export const isHealthy = (pod: V1Pod): boolean => isRunningAndReady(pod) && !isTerminating(pod);
