import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointSlice } from '../../meta/object.ts';
import { ageColumn, column, formatList, nameColumn } from '../columns.ts';
import { protocols } from '../core/pod/validation/ports.ts';
import type { Strategy } from '../resource.ts';
import { generationOf } from '../strategy.ts';
import {
    dnsLabel,
    dnsSubdomain,
    duplicates,
    each,
    formatErrors,
    immutable,
    isBlank,
    items,
    oneOf,
    optionalOneOf,
    portNumber,
    qualifiedName,
} from '../validation/basic.ts';
import { ipFamilyOf, specialIpMessages } from '../validation/formats.ts';
import { ipAddress } from '../validation/ip-fields.ts';
import { ipWarnings } from '../validation/ip-warnings.ts';

const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

function validateSlice(slice: V1EndpointSlice, old?: V1EndpointSlice): FieldError[] {
    const { addressType, endpoints, ports } = slice;
    return [
        ...oneOf(addressType, 'addressType', addressTypes),
        ...validateEndpoints(items(endpoints), {
            addressType,
            kept: items(old?.endpoints).flatMap(({ addresses }) => items(addresses)),
        }),
        ...(items(ports).length > portsMax
            ? [fieldErrors.tooMany('ports', items(ports).length, portsMax)]
            : []),
        ...duplicates(
            ports,
            ({ name }) => name,
            (index) => `ports[${index}].name`,
        ),
        ...each(ports, 'ports', validatePort),
    ];
}

interface AddressRules {
    addressType: string;
    /** Addresses that the slice has already. */
    kept: readonly string[];
}

function validateEndpoints(endpoints: readonly V1Endpoint[], rules: AddressRules): FieldError[] {
    if (endpoints.length > endpointsMax) {
        return [fieldErrors.tooMany('endpoints', endpoints.length, endpointsMax)];
    }
    return each(endpoints, 'endpoints', (endpoint, path) => {
        const addresses = items(endpoint.addresses);
        const addressesPath = `${path}.addresses`;
        return [
            ...(addresses.length === 0
                ? [fieldErrors.required(addressesPath, 'must contain at least 1 address')]
                : []),
            ...(addresses.length > addressesMax
                ? [fieldErrors.tooMany(addressesPath, addresses.length, addressesMax)]
                : []),
            ...each(addresses, addressesPath, (address, itemPath) =>
                validateAddress(address, itemPath, rules),
            ),
            ...(isBlank(endpoint.nodeName) ? [] : dnsSubdomain(endpoint.nodeName, `${path}.nodeName`)),
            ...(isBlank(endpoint.hostname) ? [] : dnsLabel(endpoint.hostname, `${path}.hostname`)),
        ];
    });
}

function validateAddress(address: string, path: string, { addressType, kept }: AddressRules): FieldError[] {
    if (addressType === 'FQDN') return dnsSubdomain(address, path);
    if (kept.includes(address)) return [];
    const errors = ipAddress(address, path);
    if (errors.length > 0) return errors;
    if (ipFamilyOf(address) !== addressType) {
        const detail = `must be an ${addressType} address`;
        return [fieldErrors.invalid(path, address, detail)];
    }
    return formatErrors(address, path, specialIpMessages(address));
}

function validatePort(
    { name, protocol, port, appProtocol }: DiscoveryV1EndpointPort,
    path: string,
): FieldError[] {
    return [
        ...(isBlank(name) ? [] : dnsLabel(name, `${path}.name`)),
        ...optionalOneOf(protocol, `${path}.protocol`, protocols),
        ...(port === undefined ? [] : portNumber(port, `${path}.port`)),
        ...(appProtocol === undefined ? [] : qualifiedName(appProtocol, `${path}.appProtocol`)),
    ];
}

const generation = generationOf<V1EndpointSlice>('endpoints', 'ports');

const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
/** What these make is in order. */
const controllers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function sliceWarnings(
    { metadata, addressType, endpoints }: V1EndpointSlice,
    old: V1EndpointSlice | undefined,
): string[] {
    const isOutdated = old === undefined && addressType === 'FQDN';
    const ofType = isOutdated ? ['spec.addressType: FQDN endpoints are deprecated'] : [];
    if (controllers.includes(metadata?.labels?.[managedByLabel] ?? '')) return ofType;
    return [
        ...ofType,
        ...items(endpoints).flatMap(({ addresses }, index) =>
            items(addresses).flatMap((address, position) =>
                ipWarnings(address, `endpoints[${index}].addresses[${position}]`),
            ),
        ),
    ];
}

const endpointSliceStrategy: Strategy<V1EndpointSlice> = {
    ...generation,
    defaults(slice) {
        for (const port of items(slice.ports)) {
            port.name ??= '';
            port.protocol ??= 'TCP';
        }
    },
    validate: (slice) => validateSlice(slice),
    validateUpdate: (slice, old) => [
        ...validateSlice(slice, old),
        ...immutable(slice.addressType, old.addressType, 'addressType'),
    ],
    warnings: sliceWarnings,
    columns: [
        nameColumn,
        column('AddressType', ({ addressType }) => addressType),
        column('Ports', ({ ports }) =>
            formatList(
                items(ports).map(({ port, name }) => String(port ?? name ?? '*')),
                '<unset>',
            ),
        ),
        column('Endpoints', ({ endpoints }) =>
            formatList(
                items(endpoints).flatMap(({ addresses }) => addresses),
                '<unset>',
            ),
        ),
        ageColumn,
    ],
};

export const discoveryStrategies: Readonly<Record<string, Strategy>> = {
    endpointslices: endpointSliceStrategy,
};
