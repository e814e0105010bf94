import type { ApiObject, V1LabelSelector, V1Namespace } from '../../../../api/meta/object.ts';
import { type LabelMatcher, labelSelectorMatcher } from '../../../../api/meta/selectors.ts';
import { isReason, statusErrors } from '../../../../api/meta/status-error.ts';
import { namespaces } from '../../../../client/resource-type.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';

/** A stored selector; one that is missing matches everything, one that is not valid matches nothing. */
export function selectorOf(selector: V1LabelSelector | undefined): LabelMatcher {
    try {
        return labelSelectorMatcher(selector ?? {});
    } catch {
        return labelSelectorMatcher(undefined);
    }
}

function isNamespace({ definition }: AdmissionRequest): boolean {
    return definition.group === '' && definition.plural === 'namespaces';
}

/** The namespace a request is about or in; empty for other cluster-scoped objects. */
export function namespaceNameOf(request: AdmissionRequest): string {
    if (!isNamespace(request)) return request.namespace;
    return request.name || (request.object?.metadata?.name ?? '');
}

/**
 * Whether the labels of the request's namespace match. Cluster-scoped objects always do; a namespace that
 * is being written is looked at as it will be. 404 when the namespace does not exist.
 */
export async function matchesNamespace(
    context: PluginContext,
    selector: LabelMatcher,
    request: AdmissionRequest,
): Promise<boolean> {
    if (selector.isEmpty) return true;
    const name = namespaceNameOf(request);
    if (name === '' && !isNamespace(request)) return true;
    const isWrite = request.operation === 'CREATE' || request.operation === 'UPDATE';
    if (isNamespace(request) && request.subresource === '' && isWrite) {
        return selector.matches(request.object?.metadata?.labels);
    }
    return selector.matches((await namespaceOf(context, name)).metadata?.labels);
}

/** What the cache does not have yet may just have been made through another API server. */
export async function namespaceOf(context: PluginContext, name: string): Promise<V1Namespace> {
    const cached = context.reader.get<V1Namespace>(namespaces, '', name);
    if (cached !== undefined) return cached;
    try {
        return await context.client().resource(namespaces).get({ name });
    } catch (error) {
        if (isReason(error, 'NotFound')) throw statusErrors.notFound({ resource: 'namespaces', name });
        throw error;
    }
}

/** Whether the labels of the new or of the old object match. */
export function matchesObject(selector: LabelMatcher, { object, oldObject }: AdmissionRequest): boolean {
    if (selector.isEmpty) return true;
    const matches = (each: ApiObject | undefined): boolean =>
        each?.metadata !== undefined && selector.matches(each.metadata.labels);
    return matches(object) || matches(oldObject);
}
