import { StatusError } from '../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { findNamespace } from './namespaces.ts';

const immortal: readonly string[] = ['default', 'kube-system', 'kube-public'];

/** Keeps objects out of namespaces that do not exist or are going, and the system's namespaces alive. */
export function namespaceLifecycle(context: PluginContext): AdmissionPlugin {
    return {
        name: 'NamespaceLifecycle',
        handles: ({ operation }) => operation !== 'CONNECT',
        async mutate(request) {
            const { definition, operation, namespace, name } = request;
            if (definition.group === '' && definition.plural === 'namespaces') {
                if (operation === 'DELETE' && request.subresource === '' && immortal.includes(name)) {
                    throw forbidden(request, 'this namespace may not be deleted');
                }
                return;
            }
            if (namespace === '' || operation === 'DELETE' || isAccessReview(request)) return;
            const home = await findNamespace(context, namespace);
            if (operation === 'CREATE' && home.status?.phase === 'Terminating') {
                throw terminating(request);
            }
        },
    };
}

function isAccessReview({ definition }: AdmissionRequest): boolean {
    return definition.group === 'authorization.k8s.io' && definition.plural === 'localsubjectaccessreviews';
}

function terminating(request: AdmissionRequest): StatusError {
    const { namespace } = request;
    const error = forbidden(
        request,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    const cause = {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
    };
    return new StatusError({ ...error.status, details: { ...error.status.details, causes: [cause] } });
}
