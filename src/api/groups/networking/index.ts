import type {
    V1IngressClass,
    V1IngressClassParametersReference,
    V1IPAddress,
    V1ParentReference,
    V1ServiceCIDR,
} from '../../meta/object.ts';
import { parsePrefix } from '../../cel/library/ip-address.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isPathSegmentName } from '../../meta/names.ts';
import {
    dnsLabel,
    dnsSubdomain,
    domainPrefixedPath,
    each,
    formatErrors,
    immutable,
    isBlank,
    items,
    oneOf,
} from '../validation/basic.ts';
import { canonicalCidr, canonicalIpMessages } from '../validation/ip-fields.ts';
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

function validateIpAddress({ metadata, spec }: Incomplete<V1IPAddress>): FieldError[] {
    const name = metadata?.name ?? '';
    return [
        // The name of an IPAddress is the address, in the one form in which it is written.
        ...canonicalIpMessages(name).map((detail) => fieldErrors.invalid('metadata.name', name, detail)),
        ...validateParent(spec?.parentRef, 'spec.parentRef'),
    ];
}

function validateParent(parent: Incomplete<V1ParentReference> | undefined, path: string): FieldError[] {
    if (parent === undefined) return [fieldErrors.required(path)];
    const { group, resource, namespace, name } = parent;
    const segment = (value: string | undefined, field: string): FieldError[] =>
        formatErrors(value ?? '', `${path}.${field}`, isPathSegmentName(value ?? ''));
    return [
        // The core group, of Services, is the empty one.
        ...(isBlank(group) ? [] : dnsSubdomain(group, `${path}.group`)),
        ...(isBlank(resource) ? [fieldErrors.required(`${path}.resource`)] : segment(resource, 'resource')),
        ...(isBlank(name) ? [fieldErrors.required(`${path}.name`)] : segment(name, 'name')),
        ...(isBlank(namespace) ? [] : segment(namespace, 'namespace')),
    ];
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
    // Upstream shows the whole of its own type.
    const invalid = (detail: string): FieldError[] => [fieldErrors.invalid(path, { CIDRs: cidrs }, detail)];
    if (cidrs.length === 0) return [fieldErrors.required(path, 'at least one CIDR required')];
    if (cidrs.length > cidrsMax) return invalid('may only hold up to 2 values');
    const families = new Set(cidrs.map((cidr) => parsePrefix(cidr)?.address.bits));
    if (cidrs.length > 1 && (families.size < cidrs.length || families.has(undefined))) {
        return invalid(
            'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
        );
    }
    return each(spec?.cidrs, path, canonicalCidr);
}

/** Networks stay; one of the other family may come behind the only one there was. */
function validateServiceCidrUpdate(
    range: Incomplete<V1ServiceCIDR>,
    old: Incomplete<V1ServiceCIDR>,
): FieldError[] {
    const path = 'spec.cidrs';
    const [cidrs, before] = [items(range.spec?.cidrs), items(old.spec?.cidrs)];
    const isGrown = before.length === 1 && cidrs.length === 2;
    if (!isGrown && cidrs.length !== before.length) {
        return [fieldErrors.invalid(path, range.spec?.cidrs, 'field is immutable')];
    }
    const changed = before.flatMap((cidr, index) => immutable(cidrs[index], cidr, `${path}[${index}]`));
    return isGrown ? [...changed, ...validateServiceCidr(range)] : changed;
}

const serviceCidrStrategy: Strategy<Incomplete<V1ServiceCIDR>> = withStatus<Incomplete<V1ServiceCIDR>>({
    validate: validateServiceCidr,
    validateUpdate: validateServiceCidrUpdate,
    columns: [nameColumn, column('CIDRs', ({ spec }) => items(spec?.cidrs).join(',')), ageColumn],
});

export const networkingStrategies: Readonly<Record<string, Strategy>> = {
    ingressclasses: ingressClassStrategy,
    ingresses: ingressStrategy,
    ipaddresses: ipAddressStrategy,
    networkpolicies: networkPolicyStrategy,
    servicecidrs: serviceCidrStrategy,
};
