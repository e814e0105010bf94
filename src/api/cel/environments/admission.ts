import type { CelEnvironment, CelLibrary, CelType } from '../cel.ts';
import { authorizerFunctions, authorizerType, resourceCheckType } from '../library/authorizer.ts';

/** What expressions about requests to the API may name: those of admission policies and of match conditions. */

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
    /** Of `object` and `oldObject`, and of `params`, where they are known; anything else. */
    object?: CelType;
    params?: CelType;
    /** Types of a policy's own variables. */
    variables?: Readonly<Record<string, CelType>>;
    result?: CelType | readonly CelType[];
    constructible?: (name: string) => CelType | undefined;
    libraries?: readonly CelLibrary[];
}

/** What expressions about a request may name. */
export function admissionEnvironment(options: EnvironmentOptions): CelEnvironment {
    const { hasParams = false, hasAuthorizer = true, variables, result, constructible, libraries } = options;
    const { object: shown = dyn, params = dyn } = options;
    return {
        variables: {
            object: shown,
            oldObject: shown,
            request: requestType,
            namespaceObject: namespaceType,
            ...(hasParams ? { params } : {}),
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
        ...(libraries === undefined ? {} : { libraries }),
    };
}
