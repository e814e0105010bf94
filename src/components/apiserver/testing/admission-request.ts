import type { ApiObject } from '../../../api/meta/object.ts';
import { type AdmissionPlugin, type AdmissionRequest, newReinvocation } from '../admission.ts';

/** A create of `resource` ("pods", "leases.coordination.k8s.io", "pods/status") by nobody in particular. */
export function admissionRequest(
    resource: string,
    object: ApiObject | undefined,
    more: Partial<AdmissionRequest> = {},
): AdmissionRequest {
    const [full = '', subresource = ''] = resource.split('/');
    const dot = full.indexOf('.');
    const definition = {
        group: dot < 0 ? '' : full.slice(dot + 1),
        plural: dot < 0 ? full : full.slice(0, dot),
    } as AdmissionRequest['definition'];
    return {
        operation: 'CREATE',
        definition,
        subresource,
        namespace: object?.metadata?.namespace ?? '',
        name: object?.metadata?.name ?? '',
        pathName: (more.operation ?? 'CREATE') === 'CREATE' ? '' : (object?.metadata?.name ?? ''),
        object,
        oldObject: undefined,
        identity: { username: 'jane', uid: '', groups: ['system:authenticated'], extra: {} },
        kind: { group: definition.group, version: 'v1', kind: object?.kind ?? '' },
        options: undefined,
        dryRun: false,
        signal: new AbortController().signal,
        reinvocation: newReinvocation(),
        warn: () => undefined,
        annotate: () => undefined,
        replaceObject: (value) => {
            Object.assign(object ?? {}, value);
        },
        ...more,
    };
}

/** Runs a write through the plugins as the registry does: those that handle it mutate, then validate. */
export async function admit(
    plugins: readonly AdmissionPlugin[],
    request: AdmissionRequest,
): Promise<AdmissionRequest> {
    const handling = plugins.filter((plugin) => plugin.handles(request));
    for (const plugin of handling) await plugin.mutate?.(request);
    for (const plugin of handling) await plugin.validate?.(request);
    return request;
}
