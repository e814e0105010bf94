import { qosClassOf } from '../../../api/groups/core/pod/qos.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1Namespace, V1Pod, V1Toleration } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { findNamespace } from './namespaces.ts';
import { plainError } from './plain-error.ts';
import { isFor } from './requests.ts';

const defaultsAnnotation = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const allowedAnnotation = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const memoryPressure = {
    key: 'node.kubernetes.io/memory-pressure',
    operator: 'Exists',
    effect: 'NoSchedule',
};

/** What holds for namespaces that say nothing themselves. */
export interface TolerationRestriction {
    defaults: readonly V1Toleration[];
    /** Empty: every toleration. */
    allowed: readonly V1Toleration[];
}

/** Reads a Configuration of podtolerationrestriction.admission.k8s.io. Throws an Error that says what is wrong. */
export function readTolerationRestriction(value: unknown): TolerationRestriction {
    const { apiVersion, kind, ...lists } = (value ?? {}) as Record<string, unknown>;
    const expected = 'podtolerationrestriction.admission.k8s.io/v1alpha1';
    if (kind !== 'Configuration' || apiVersion !== expected) {
        throw new Error(`PodTolerationRestriction: expected a Configuration of ${expected}`);
    }
    const listOf = (field: string): V1Toleration[] => {
        const list = lists[field] ?? [];
        if (!isTolerations(list)) throw new Error(`PodTolerationRestriction: ${field} must be tolerations`);
        return list;
    };
    return { defaults: listOf('default'), allowed: listOf('whitelist') };
}

function isTolerations(value: unknown): value is V1Toleration[] {
    return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

/** Undefined where the namespace has no such annotation; an empty one means none. */
function annotated({ metadata }: V1Namespace, key: string): V1Toleration[] | undefined {
    const text = metadata?.annotations?.[key];
    if (text === undefined) return undefined;
    if (text === '') return [];
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw plainError(`${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!isTolerations(value)) throw plainError(`${key}: must be a list of tolerations`);
    return value;
}

/** Pods get the tolerations of their namespace, and may have only those that it allows. */
export function podTolerationRestriction(context: PluginContext): AdmissionPlugin {
    const { tolerations: cluster } = context.configuration;
    return {
        name: 'PodTolerationRestriction',
        handles: (request) => isFor(request, 'pods', 'CREATE', 'UPDATE'),
        async mutate(request) {
            const pod = request.object as V1Pod;
            const { spec } = pod;
            if (spec === undefined) return;
            let tolerations = spec.tolerations ?? [];
            if (request.operation === 'CREATE') {
                const namespace = await findNamespace(context, request.namespace);
                tolerations = merged(
                    annotated(namespace, defaultsAnnotation) ?? cluster.defaults,
                    tolerations,
                );
            }
            if (qosClassOf(pod) !== 'BestEffort') tolerations = merged(tolerations, [memoryPressure]);
            if (tolerations.length > 0) spec.tolerations = tolerations;
        },
        async validate(request) {
            const tolerations = (request.object as V1Pod).spec?.tolerations ?? [];
            if (tolerations.length === 0) return;
            const namespace = await findNamespace(context, request.namespace);
            const allowed = annotated(namespace, allowedAnnotation) ?? cluster.allowed;
            if (allowed.length === 0) return;
            if (tolerations.every((one) => allowed.some((other) => covers(other, one)))) return;
            throw plainError(
                'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
            );
        },
    };
}

/** Both lists as one, without what another one covers; of equal ones the first stays. */
function merged(first: readonly V1Toleration[], second: readonly V1Toleration[]): V1Toleration[] {
    const all = [...first, ...second];
    const result: V1Toleration[] = [];
    all.forEach((one, index) => {
        if (result.some((earlier) => covers(earlier, one))) return;
        const later = all.slice(index + 1);
        if (later.some((other) => !semanticEqual(one, other) && covers(other, one))) return;
        result.push(one);
    });
    return result;
}

/** True when `wide` tolerates all that `narrow` does. */
function covers(wide: V1Toleration, narrow: V1Toleration): boolean {
    if (semanticEqual(wide, narrow)) return true;
    const isForAll = !wide.key && wide.operator === 'Exists';
    if ((narrow.key ?? '') !== (wide.key ?? '') && !isForAll) return false;
    if (wide.effect && narrow.effect !== wide.effect) return false;
    if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
        const seconds = narrow.tolerationSeconds;
        if (seconds === undefined || seconds > wide.tolerationSeconds) return false;
    }
    if (wide.operator === 'Exists') return true;
    const isEqual = (wide.operator ?? 'Equal') === 'Equal';
    return isEqual && (narrow.operator ?? 'Equal') === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}
