import type { V1Namespace } from '../../../api/meta/object.ts';
import { isReason, StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { namespaces } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';

/** A namespace; what the cache does not have yet may just have been made through another API server. */
export async function findNamespace(context: PluginContext, name: string): Promise<V1Namespace> {
    const cached = context.reader.get<V1Namespace>(namespaces, '', name);
    if (cached !== undefined) return cached;
    try {
        return await context.client().resource(namespaces).get({ name });
    } catch (error) {
        if (error instanceof StatusError && error.reason === 'NotFound') {
            throw statusErrors.notFound({ resource: 'namespaces', name });
        }
        throw error;
    }
}

function isInNamespace({ namespace, definition }: AdmissionRequest): boolean {
    return namespace !== '' && !(definition.group === '' && definition.plural === 'namespaces');
}

/** Refuses every write in a namespace that does not exist. */
export function namespaceExists(context: PluginContext): AdmissionPlugin {
    return {
        name: 'NamespaceExists',
        handles: (request) => request.operation !== 'CONNECT' && isInNamespace(request),
        async validate({ namespace }) {
            await findNamespace(context, namespace);
        },
    };
}

/** Makes the namespace of what is created where it does not exist. */
export function namespaceAutoProvision({ reader, client }: PluginContext): AdmissionPlugin {
    return {
        name: 'NamespaceAutoProvision',
        handles: (request) => request.operation === 'CREATE' && isInNamespace(request),
        async mutate(request) {
            const { namespace: name, dryRun } = request;
            if (dryRun || reader.get(namespaces, '', name) !== undefined) return;
            try {
                await client().resource(namespaces).create({ metadata: { name } });
            } catch (error) {
                if (isReason(error, 'AlreadyExists')) return;
                throw forbidden(request, error instanceof Error ? error.message : String(error));
            }
        },
    };
}
