import { requestResourceCheck } from '../../../../api/cel/library/authorizer.ts';
import type { V1Namespace } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { convert, type MatchedVersion } from '../matching/equivalents.ts';
import { namespaceNameOf } from '../matching/selectors.ts';
import { requestAuthorizer } from './request-authorizer.ts';

/** The values of what expressions may name, for one request, as the version that was asked for shows it. */
export async function admissionValues(
    { authorizer }: PluginContext,
    request: AdmissionRequest,
    { matched, namespace }: { matched: MatchedVersion; namespace?: V1Namespace | undefined },
): Promise<Record<string, unknown>> {
    const { definition, identity } = request;
    const shown = matched.definition;
    const asked = authorizer && requestAuthorizer(authorizer, identity);
    return {
        object: request.object === undefined ? null : await convert(request.object, definition, shown),
        oldObject:
            request.oldObject === undefined ? null : await convert(request.oldObject, definition, shown),
        request: requestValue(request, matched),
        namespaceObject: namespace === undefined ? null : namespaceValue(namespace),
        ...(asked === undefined
            ? {}
            : {
                  authorizer: asked,
                  'authorizer.requestResource': requestResourceCheck(asked, {
                      group: definition.group,
                      resource: definition.plural,
                      subresource: request.subresource,
                      namespace: request.namespace,
                      name: request.name,
                  }),
              }),
    };
}

function requestValue(request: AdmissionRequest, matched: MatchedVersion): object {
    const { definition, subresource, identity } = request;
    const resourceOf = ({ group, version, plural }: typeof definition): object => ({
        group,
        version,
        resource: plural,
    });
    return {
        kind: matched.kind,
        resource: resourceOf(matched.definition),
        subResource: subresource,
        requestKind: request.kind,
        requestResource: resourceOf(definition),
        requestSubResource: subresource,
        name: request.name || (request.object?.metadata?.name ?? ''),
        namespace: namespaceNameOf(request),
        operation: request.operation,
        userInfo: {
            username: identity.username,
            uid: identity.uid,
            groups: identity.groups,
            extra: identity.extra,
        },
        dryRun: request.dryRun,
        options: request.options ?? null,
    };
}

function namespaceValue({ metadata = {}, spec = {}, status = {} }: V1Namespace): object {
    const { uid, ...rest } = metadata;
    const { ownerReferences: _owners, managedFields: _managers, selfLink: _link, ...shown } = rest;
    const { finalizers } = spec;
    const { phase } = status;
    return {
        metadata: { ...shown, ...(uid === undefined ? {} : { UID: uid }) },
        spec: finalizers === undefined ? {} : { finalizers },
        status: phase === undefined ? {} : { phase },
    };
}
