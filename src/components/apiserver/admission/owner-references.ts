import { semanticEqual } from '../../../api/meta/deep.ts';
import { type ApiObject, apiVersionOf, type V1OwnerReference } from '../../../api/meta/object.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { Decision, ResourceAttributes } from '../authorizer.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';

function ownersOf(object: ApiObject | undefined): readonly V1OwnerReference[] {
    return object?.metadata?.ownerReferences ?? [];
}

/** Owners that wait for this object when they go, and did not before. */
function newlyBlocking({ object, oldObject }: AdmissionRequest): V1OwnerReference[] {
    const before = new Map(ownersOf(oldObject).map((owner) => [owner.uid, owner]));
    return ownersOf(object).filter(
        ({ uid, blockOwnerDeletion }) =>
            blockOwnerDeletion === true && before.get(uid)?.blockOwnerDeletion !== true,
    );
}

function reasonOf({ reason, error }: Decision): string {
    return `${reason}, ${error ?? '<nil>'}`;
}

/**
 * Who gives an object an owner must be allowed to delete the object, since its owner's deletion does; who
 * makes the owner wait must be allowed to set the owner's finalizers.
 */
export function ownerReferencesPermissionEnforcement(context: PluginContext): AdmissionPlugin {
    const ask = async (request: AdmissionRequest, attributes: Omit<ResourceAttributes, 'kind'>) =>
        (await context.authorizer?.authorize(request.identity, { kind: 'resource', ...attributes })) ?? {
            outcome: 'deny',
            reason: 'there is no authorizer',
        };
    return {
        name: 'OwnerReferencesPermissionEnforcement',
        handles: ({ operation, definition, subresource }) =>
            (operation === 'CREATE' || operation === 'UPDATE') &&
            // The status of a pod changes nothing of its metadata.
            !(definition.group === '' && definition.plural === 'pods' && subresource === 'status'),
        async validate(request) {
            const { object, oldObject, definition, subresource, namespace, name } = request;
            if (semanticEqual(ownersOf(object), ownersOf(oldObject))) return;
            const { group, version, plural } = definition;
            const own = { verb: 'delete', group, version, resource: plural, subresource, namespace, name };
            const decision = await ask(request, own);
            if (decision.outcome !== 'allow') {
                const why = `cannot set an ownerRef on a resource you can't delete: ${reasonOf(decision)}`;
                throw forbidden(request, why);
            }
            for (const owner of newlyBlocking(request)) {
                const blocked = await ask(request, finalizersOf(context, request, owner));
                if (blocked.outcome === 'allow') continue;
                throw forbidden(
                    request,
                    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reasonOf(blocked)}`,
                );
            }
        },
    };
}

function finalizersOf(
    { definitions }: PluginContext,
    request: AdmissionRequest,
    { apiVersion, kind, name }: V1OwnerReference,
): Omit<ResourceAttributes, 'kind'> {
    const definition = definitions().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
    if (definition === undefined) {
        throw forbidden(
            request,
            `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind "${kind}" in version "${apiVersion}"`,
        );
    }
    const { group, version, plural, namespaced } = definition;
    const namespace = namespaced ? request.namespace : '';
    return { verb: 'update', group, version, resource: plural, subresource: 'finalizers', namespace, name };
}
