import type { V1Pod, V1PodSpec, V1RuntimeClass } from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { isFor } from './requests.ts';

const runtimeClasses = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };

/** Gives a pod its runtime class's overhead and its nodes. */
export function runtimeClass({ reader }: PluginContext): AdmissionPlugin {
    const classOf = (request: AdmissionRequest, spec: V1PodSpec): V1RuntimeClass | undefined => {
        const name = spec.runtimeClassName;
        if (name === undefined) return undefined;
        const found = reader.get<V1RuntimeClass>(runtimeClasses, '', name);
        if (found === undefined) {
            throw forbidden(request, `pod rejected: RuntimeClass "${name}" not found`);
        }
        return found;
    };
    return {
        name: 'RuntimeClass',
        handles: (request) => isFor(request, 'pods', 'CREATE'),
        mutate(request) {
            const { spec } = request.object as V1Pod;
            if (spec === undefined) return;
            const chosen = classOf(request, spec);
            if (chosen === undefined) return;
            setOverhead(request, spec, chosen);
            setScheduling(request, spec, chosen);
        },
        validate(request) {
            const { spec } = request.object as V1Pod;
            if (spec?.overhead === undefined) return;
            const fixed = classOf(request, spec)?.overhead?.podFixed;
            if (fixed === undefined) {
                throw forbidden(
                    request,
                    'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
                );
            }
        },
    };
}

function setOverhead(request: AdmissionRequest, spec: V1PodSpec, chosen: V1RuntimeClass): void {
    const fixed = chosen.overhead?.podFixed;
    if (fixed === undefined) return;
    if (spec.overhead !== undefined && !semanticEqual(spec.overhead, fixed)) {
        throw forbidden(
            request,
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        );
    }
    spec.overhead = { ...fixed };
}

function setScheduling(request: AdmissionRequest, spec: V1PodSpec, chosen: V1RuntimeClass): void {
    for (const [key, value] of Object.entries(chosen.scheduling?.nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) {
            throw forbidden(
                request,
                `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
            );
        }
        spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
    }
    const present = spec.tolerations ?? [];
    const added = (chosen.scheduling?.tolerations ?? []).filter(
        (toleration) => !present.some((own) => semanticEqual(own, toleration)),
    );
    if (added.length > 0) spec.tolerations = [...present, ...added];
}
