import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isDns1123Label } from '../../meta/names.ts';
import type {
    CoreV1EndpointPort,
    V1EndpointAddress,
    V1Endpoints,
    V1EndpointSubset,
} from '../../meta/object.ts';
import { ageColumn, column, formatList, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import {
    dnsLabel,
    dnsSubdomain,
    each,
    formatErrors,
    isBlank,
    items,
    oneOf,
    portNumber,
    qualifiedName,
} from '../validation/basic.ts';
import { reachableIp } from '../validation/ip-fields.ts';
import { ipWarnings } from '../validation/ip-warnings.ts';
import { protocols } from './pod/validation/ports.ts';
import type { Incomplete } from '../incomplete.ts';

function validateEndpoints(endpoints: Incomplete<V1Endpoints>, old?: Incomplete<V1Endpoints>): FieldError[] {
    const kept = items(old?.subsets).flatMap(({ addresses, notReadyAddresses }) =>
        [...items(addresses), ...items(notReadyAddresses)].flatMap(({ ip }) => ip ?? []),
    );
    return each(endpoints.subsets, 'subsets', (subset, path) => validateSubset(subset, path, kept));
}

function validateSubset(
    subset: Incomplete<V1EndpointSubset>,
    path: string,
    kept: readonly string[],
): FieldError[] {
    const validate = (address: Incomplete<V1EndpointAddress>, addressPath: string): FieldError[] =>
        validateAddress(address, addressPath, kept);
    const { addresses, notReadyAddresses, ports } = subset;
    const needsName = items(ports).length > 1;
    return [
        ...(items(addresses).length === 0 && items(notReadyAddresses).length === 0
            ? [fieldErrors.required(path, 'must specify `addresses` or `notReadyAddresses`')]
            : []),
        ...each(addresses, `${path}.addresses`, validate),
        ...each(notReadyAddresses, `${path}.notReadyAddresses`, validate),
        ...each(ports, `${path}.ports`, (port, portPath) => validatePort(port, portPath, needsName)),
    ];
}

function validateAddress(
    { ip = '', hostname, nodeName }: Incomplete<V1EndpointAddress>,
    path: string,
    kept: readonly string[],
): FieldError[] {
    return [
        ...reachableIp(ip, `${path}.ip`, kept),
        ...(isBlank(hostname) ? [] : dnsLabel(hostname, `${path}.hostname`)),
        ...(isBlank(nodeName) ? [] : dnsSubdomain(nodeName, `${path}.nodeName`)),
    ];
}

function validatePort(port: Incomplete<CoreV1EndpointPort>, path: string, needsName: boolean): FieldError[] {
    const { name, protocol, appProtocol } = port;
    return [
        ...(isBlank(name)
            ? needsName
                ? [fieldErrors.required(`${path}.name`)]
                : []
            : formatErrors(name, `${path}.name`, isDns1123Label(name ?? ''))),
        ...portNumber(port.port, `${path}.port`),
        ...oneOf(protocol, `${path}.protocol`, protocols),
        ...(appProtocol === undefined ? [] : qualifiedName(appProtocol, `${path}.appProtocol`)),
    ];
}

/** "10.0.0.1:80,10.0.0.2:80 + 3 more..." */
function endpointsText({ subsets }: Incomplete<V1Endpoints>): string {
    const all = items(subsets).flatMap(({ ports, addresses }) => {
        const ips = items(addresses).map(({ ip }) => ip ?? '');
        if (items(ports).length === 0) return ips;
        return items(ports).flatMap(({ port }) =>
            ips.map((ip) => (ip.includes(':') ? `[${ip}]:${port ?? 0}` : `${ip}:${port ?? 0}`)),
        );
    });
    return items(subsets).length === 0 ? '<none>' : formatList(all, '');
}

const managedByLabel = 'endpoints.kubernetes.io/managed-by';

/** What the controller makes is in order. */
function endpointsWarnings({ metadata, subsets }: Incomplete<V1Endpoints>): string[] {
    if (metadata?.labels?.[managedByLabel] === 'endpoint-controller') return [];
    return items(subsets).flatMap((subset, index) =>
        (['addresses', 'notReadyAddresses'] as const).flatMap((field) =>
            items(subset[field]).flatMap(({ ip }, position) =>
                ipWarnings(ip, `subsets[${index}].${field}[${position}].ip`),
            ),
        ),
    );
}

export const endpointsStrategy: Strategy<Incomplete<V1Endpoints>> = {
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    defaults(endpoints) {
        for (const subset of items(endpoints.subsets)) {
            for (const port of items(subset.ports)) port.protocol ??= 'TCP';
        }
    },
    validate: (endpoints) => validateEndpoints(endpoints),
    validateUpdate: validateEndpoints,
    warnings: endpointsWarnings,
    columns: [nameColumn, column('Endpoints', endpointsText), ageColumn],
};
