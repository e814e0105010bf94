import type { CelEnvironment, CelType } from '../../../../api/cel/cel.ts';
import {
    authorizerFunctions,
    authorizerType,
    requestResourceCheck,
    resourceCheckType,
} from '../../../../api/cel/library/authorizer.ts';
import type { V1Namespace } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { convert, type MatchedVersion } from '../matching/equivalents.ts';
import { namespaceNameOf } from '../matching/selectors.ts';
import { requestAuthorizer } from './request-authorizer.ts';

const dyn: CelType = { kind: 'dyn' };
const string: CelType = { kind: 'string' };
const int: CelType = { kind: 'int' };
const strings: CelType = { kind: 'list', of: string };
const texts: CelType = { kind: 'map', keys: string, of: string };

const object = (name: string, fields: Record<string, CelType>): CelType => ({ kind: 'object', name, fields });
const kindType = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const resourceType = object('kubernetes.GroupVersionResource', {
    group: string,
    version: string,
    resource: string,
});

/** `request`: the AdmissionRequest without the objects, which have names of their own. */
const requestType = object('kubernetes.AdmissionRequest', {
    kind: kindType,
    resource: resourceType,
    subResource: string,
    requestKind: kindType,
    requestResource: resourceType,
    requestSubResource: string,
    name: string,
    namespace: string,
    operation: string,
    userInfo: object('kubernetes.UserInfo', {
        username: string,
        uid: string,
        groups: strings,
        extra: { kind: 'map', keys: string, of: strings },
    }),
    dryRun: { kind: 'bool' },
    options: dyn,
});

const namespaceType = object('kubernetes.Namespace', {
    metadata: object('kubernetes.NamespaceMetadata', {
        name: string,
        generateName: string,
        namespace: string,
        labels: texts,
        annotations: texts,
        UID: string,
        creationTimestamp: { kind: 'timestamp' },
        deletionGracePeriodSeconds: int,
        deletionTimestamp: { kind: 'timestamp' },
        generation: int,
        resourceVersion: string,
        finalizers: strings,
    }),
    spec: object('kubernetes.NamespaceSpec', { finalizers: strings }),
    status: object('kubernetes.NamespaceStatus', { phase: string }),
});

export interface EnvironmentOptions {
    hasParams?: boolean;
    hasAuthorizer?: boolean;
    /** Types of a policy's own variables. */
    variables?: Readonly<Record<string, CelType>>;
    result?: CelType;
    constructible?: (name: string) => CelType | undefined;
}

/** What expressions about a request may name. */
export function admissionEnvironment(options: EnvironmentOptions): CelEnvironment {
    const { hasParams = false, hasAuthorizer = true, variables, result, constructible } = options;
    return {
        variables: {
            object: dyn,
            oldObject: dyn,
            request: requestType,
            namespaceObject: namespaceType,
            ...(hasParams ? { params: dyn } : {}),
            ...(hasAuthorizer
                ? { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType }
                : {}),
            ...(variables === undefined
                ? {}
                : { variables: object('kubernetes.variables', { ...variables }) }),
        },
        ...(hasAuthorizer ? { functions: authorizerFunctions } : {}),
        ...(result === undefined ? {} : { result }),
        ...(constructible === undefined ? {} : { constructible }),
    };
}

/** The values of those names for one request, as the version that was asked for shows it. */
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
