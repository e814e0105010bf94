import type { V1IngressClass, V1IPAddress, V1ServiceCIDR } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { fieldErrors } from '../../meta/field-error.ts';
import { isCidr } from '../../meta/names.ts';
import { each, formatErrors, immutable, isBlank, items, required } from '../validation/basic.ts';
import { ingressStrategy } from './ingress.ts';
import { networkPolicyStrategy } from './network-policy.ts';
import type { Incomplete } from '../incomplete.ts';

/** "kind.group/name" */
function parametersText({ spec }: Incomplete<V1IngressClass>): string {
    const parameters = spec?.parameters;
    if (parameters === undefined) return '<none>';
    const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
    return `${parameters.kind ?? ''}${group}/${parameters.name ?? ''}`;
}

const ingressClassStrategy: Strategy<Incomplete<V1IngressClass>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults({ spec }) {
        if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
    },
    validate: ({ spec }) => required(spec?.controller, 'spec.controller'),
    validateUpdate: (ingressClass, old) =>
        immutable(ingressClass.spec?.controller, old.spec?.controller, 'spec.controller'),
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

const ipAddressStrategy: Strategy<Incomplete<V1IPAddress>> = {
    validateUpdate: (address, old) =>
        immutable(address.spec?.parentRef, old.spec?.parentRef, 'spec.parentRef'),
    selectableFields: ({ spec }) => ({
        'spec.parentRef.group': spec?.parentRef?.group ?? '',
        'spec.parentRef.resource': spec?.parentRef?.resource ?? '',
        'spec.parentRef.namespace': spec?.parentRef?.namespace ?? '',
        'spec.parentRef.name': spec?.parentRef?.name ?? '',
    }),
    columns: [nameColumn, column('ParentRef', parentText), ageColumn],
};

const serviceCidrStrategy: Strategy<Incomplete<V1ServiceCIDR>> = withStatus<Incomplete<V1ServiceCIDR>>({
    validate: ({ spec }) =>
        items(spec?.cidrs).length === 0
            ? [fieldErrors.required('spec.cidrs', 'at least one CIDR required')]
            : each(spec?.cidrs, 'spec.cidrs', (cidr, path) => formatErrors(cidr, path, isCidr(cidr))),
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
