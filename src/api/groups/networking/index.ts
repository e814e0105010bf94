import type {
    V1IngressClass,
    V1IngressClassParametersReference,
    V1IPAddress,
    V1ServiceCIDR,
} from '../../meta/object.ts';
import { formatAddress, parseAddress, parsePrefix } from '../../cel/library/ip-address.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import {
    dnsLabel,
    domainPrefixedPath,
    each,
    immutable,
    isBlank,
    items,
    oneOf,
    required,
} from '../validation/basic.ts';
import { canonicalCidr } from '../validation/ip-fields.ts';
import { ingressStrategy } from './ingress.ts';
import { networkPolicyStrategy } from './network-policy.ts';
import { validateTypedReference } from './typed-reference.ts';
import type { Incomplete } from '../incomplete.ts';

/** "kind.group/name" */
function parametersText({ spec }: Incomplete<V1IngressClass>): string {
    const parameters = spec?.parameters;
    if (parameters === undefined) return '<none>';
    const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
    return `${parameters.kind ?? ''}${group}/${parameters.name ?? ''}`;
}

const controllerCharsMax = 250;

function validateIngressClass({ spec }: Incomplete<V1IngressClass>): FieldError[] {
    const path = 'spec.controller';
    const controller = spec?.controller ?? '';
    return [
        ...(controller.length > controllerCharsMax ? [fieldErrors.tooLong(path, controllerCharsMax)] : []),
        ...domainPrefixedPath(controller, path),
        ...validateParameters(spec?.parameters, 'spec.parameters'),
    ];
}

function validateParameters(
    parameters: Incomplete<V1IngressClassParametersReference> | undefined,
    path: string,
): FieldError[] {
    if (parameters === undefined) return [];
    const { scope, namespace } = parameters;
    const namespacePath = `${path}.namespace`;
    const errors = [
        ...validateTypedReference(parameters, path),
        ...oneOf(scope, `${path}.scope`, ['Cluster', 'Namespace']),
    ];
    if (scope === 'Cluster' && namespace !== undefined) {
        const detail = "`parameters.scope` is set to 'Cluster'";
        errors.push(fieldErrors.forbidden(namespacePath, detail));
    }
    if (scope !== 'Namespace') return errors;
    if (namespace !== undefined) return [...errors, ...dnsLabel(namespace, namespacePath)];
    const detail = "`parameters.scope` is set to 'Namespace'";
    return [...errors, fieldErrors.required(namespacePath, detail)];
}

const ingressClassStrategy: Strategy<Incomplete<V1IngressClass>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults({ spec }) {
        if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
    },
    validate: validateIngressClass,
    validateUpdate: (ingressClass, old) => [
        ...immutable(ingressClass.spec?.controller, old.spec?.controller, 'spec.controller'),
        ...validateIngressClass(ingressClass),
    ],
    columns: [
        nameColumn,
        column('Controller', ({ spec }) => spec?.controller ?? ''),
        column('Parameters', parametersText),
        ageColumn,
    ],
};

function parentText({ spec }: Incomplete<V1IPAddress>): string {
    const parent = spec?.parentRef;
    if (parent === undefined) return '<none>';
    const { group, resource = '', namespace, name = '' } = parent;
    const qualified = isBlank(group) ? resource : `${resource}.${group ?? ''}`;
    return `${qualified.toLowerCase()}/${isBlank(namespace) ? '' : `${namespace ?? ''}/`}${name}`;
}

/** The name of an IPAddress is the address, in the one form in which it is written. */
function addressNameErrors(name: string): FieldError[] {
    const address = parseAddress(name);
    if (address === undefined) {
        const detail = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
        return [fieldErrors.invalid('metadata.name', name, detail)];
    }
    if (formatAddress(address) === name) return [];
    return [fieldErrors.invalid('metadata.name', name, 'must be a canonical form IP address')];
}

function validateIpAddress({ metadata, spec }: Incomplete<V1IPAddress>): FieldError[] {
    const parent = spec?.parentRef;
    const parentErrors =
        parent === undefined
            ? [fieldErrors.required('spec.parentRef')]
            : [
                  ...required(parent.resource, 'spec.parentRef.resource'),
                  ...required(parent.name, 'spec.parentRef.name'),
              ];
    return [...addressNameErrors(metadata?.name ?? ''), ...parentErrors];
}

const ipAddressStrategy: Strategy<Incomplete<V1IPAddress>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    nameFormat: 'pathSegment',
    validate: validateIpAddress,
    validateUpdate: (address, old) => [
        ...validateIpAddress(address),
        ...immutable(address.spec?.parentRef, old.spec?.parentRef, 'spec.parentRef'),
    ],
    selectableFields: ({ spec }) => ({
        'spec.parentRef.group': spec?.parentRef?.group ?? '',
        'spec.parentRef.resource': spec?.parentRef?.resource ?? '',
        'spec.parentRef.namespace': spec?.parentRef?.namespace ?? '',
        'spec.parentRef.name': spec?.parentRef?.name ?? '',
    }),
    columns: [nameColumn, column('ParentRef', parentText), ageColumn],
};

const cidrsMax = 2;

/** One network, or one of each family; a network is written without bits behind its prefix. */
function validateServiceCidr({ spec }: Incomplete<V1ServiceCIDR>): FieldError[] {
    const cidrs = items(spec?.cidrs);
    const path = 'spec.cidrs';
    if (cidrs.length === 0) return [fieldErrors.required(path, 'at least one CIDR required')];
    if (cidrs.length > cidrsMax) {
        return [fieldErrors.invalid(path, cidrs, 'may only hold up to 2 values')];
    }
    const families = new Set(cidrs.map((cidr) => parsePrefix(cidr)?.address.bits));
    const errors =
        cidrs.length > families.size
            ? [
                  fieldErrors.invalid(
                      path,
                      cidrs,
                      'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
                  ),
              ]
            : [];
    return [...errors, ...each(spec?.cidrs, path, canonicalCidr)];
}

const serviceCidrStrategy: Strategy<Incomplete<V1ServiceCIDR>> = withStatus<Incomplete<V1ServiceCIDR>>({
    validate: validateServiceCidr,
    validateUpdate: (range, old) => immutable(range.spec?.cidrs, old.spec?.cidrs, 'spec.cidrs'),
    columns: [nameColumn, column('CIDRs', ({ spec }) => items(spec?.cidrs).join(',')), ageColumn],
});

export const networkingStrategies: Readonly<Record<string, Strategy>> = {
    ingressclasses: ingressClassStrategy,
    ingresses: ingressStrategy,
    ipaddresses: ipAddressStrategy,
    networkpolicies: networkPolicyStrategy,
    servicecidrs: serviceCidrStrategy,
};
