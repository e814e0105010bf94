import { creations, type ValidationRow } from './validation.ts';
import type { WrongRequest } from './wrong-request.ts';

const port = (field: string, value: number) =>
    `${field}: Invalid value: ${value}: must be between 1 and 65535, inclusive`;
const path = 'spec.rules[0].http.paths[0]';

const rows: ValidationRow[] = [
    ['Service', 'spec.ports', [], 'spec.ports: Required value'],
    ['Service', 'spec.ports[0].port', 0, port('spec.ports[0].port', 0), port('spec.ports[0].targetPort', 0)],
    ['Service', 'spec.ports[0].targetPort', 70_000, port('spec.ports[0].targetPort', 70_000)],
    [
        'Service',
        'spec.ports[0].protocol',
        'ICMP',
        'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
        'Service',
        'spec.ports',
        [{ port: 1 }, { port: 2 }],
        'spec.ports[0].name: Required value',
        'spec.ports[1].name: Required value',
    ],
    [
        'Service',
        'spec.ports',
        [
            { port: 1, name: 'a' },
            { port: 1, name: 'b' },
        ],
        'spec.ports[1]: Duplicate value: {"port":1,"protocol":"TCP"}',
    ],
    [
        'Service',
        'spec.type',
        'Sideways',
        /spec\.type: Unsupported value: "Sideways": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"/,
    ],
    [
        'Service',
        'spec.clusterIP',
        'x',
        /spec\.clusterIPs?\[0\]: Invalid value: "x": must be .*a valid IP address/,
    ],
    [
        'Service',
        'spec.clusterIP',
        '192.0.2.7',
        /spec\.clusterIPs: Invalid value: \["192\.0\.2\.7"\]: failed to allocate IP 192\.0\.2\.7: the provided network does not match the current range$/,
    ],
    [
        'Service',
        'spec.sessionAffinity',
        'Always',
        'spec.sessionAffinity: Unsupported value: "Always": supported values: "ClientIP", "None"',
    ],
    [
        'Service',
        'spec.externalTrafficPolicy',
        'Local',
        /spec\.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services/,
    ],
    [
        'Service',
        'spec.ports[0].nodePort',
        30_001,
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    ['Service', 'spec.loadBalancerIP', 'x', /^$/],
    ['Service', 'spec.externalName', 'a.example.com', /^$/],
    [
        'Service',
        'spec.selector',
        { 'a b': 'c' },
        /spec\.selector: Invalid value: "a b": name part must consist/,
    ],
    ['Service', 'spec.ipFamilies', ['IPv5'], /spec\.ipFamilies\[0\]: (?:Unsupported|Invalid) value: "IPv5"/],
    [
        'Service',
        'spec.internalTrafficPolicy',
        'Some',
        'spec.internalTrafficPolicy: Unsupported value: "Some": supported values: "Cluster", "Local"',
    ],
    [
        'Endpoints',
        'subsets[0].addresses[0].ip',
        '',
        /subsets\[0\]\.addresses\[0\]\.ip: (?:Invalid value: "": must be a valid IP address|Required value)/,
    ],
    [
        'Endpoints',
        'subsets[0].addresses[0].ip',
        '127.0.0.1',
        'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    ['Endpoints', 'subsets[0].ports[0].port', 0, port('subsets[0].ports[0].port', 0)],
    [
        'EndpointSlice',
        'addressType',
        'IPv5',
        /addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"/,
    ],
    [
        'EndpointSlice',
        'endpoints[0].addresses',
        [],
        'endpoints[0].addresses: Required value: must contain at least 1 address',
    ],
    [
        'EndpointSlice',
        'endpoints[0].addresses',
        ['fe80::1'],
        /endpoints\[0\]\.addresses\[0\]: Invalid value: "fe80::1": must be an IPv4 address/,
    ],
    ['EndpointSlice', 'ports', [{ name: 'a' }, { name: 'a' }], /ports\[1\]\.name: Duplicate value: "a"/],
    [
        'Ingress',
        'spec.rules',
        [],
        /spec: Invalid value: .*: either `defaultBackend` or `rules` must be specified/,
    ],
    [
        'Ingress',
        `${path}.pathType`,
        undefined,
        `${path}.pathType: Required value: pathType must be specified`,
    ],
    [
        'Ingress',
        `${path}.pathType`,
        'Fuzzy',
        `${path}.pathType: Unsupported value: "Fuzzy": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    [
        'Ingress',
        `${path}.path`,
        'relative',
        `${path}.path: Invalid value: "relative": must be an absolute path`,
    ],
    ['Ingress', `${path}.path`, '/a//b', `${path}.path: Invalid value: "/a//b": must not contain '//'`],
    [
        'Ingress',
        `${path}.backend`,
        {},
        /spec\.rules\[0\]\.http\.paths\[0\]\.backend: Invalid value: "": resource or service backend is required/,
    ],
    [
        'Ingress',
        `${path}.backend.service.port`,
        {},
        /spec\.rules\[0\]\.http\.paths\[0\]\.backend: Required value: port name or number is required/,
    ],
    [
        'Ingress',
        'spec.rules[0].host',
        '10.0.0.1',
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ],
    [
        'Ingress',
        'spec.rules[0].host',
        'A_b',
        /spec\.rules\[0\]\.host: Invalid value: "A_b": a lowercase RFC 1123 subdomain/,
    ],
    ['IngressClass', 'spec.controller', '', 'spec.controller: Required value'],
    [
        'IngressClass',
        'spec.controller',
        'ingress',
        /spec\.controller: Invalid value: "ingress": must be a domain-prefixed path/,
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].from[0].ipBlock.cidr',
        'x',
        /spec\.ingress\[0\]\.from\[0\]\.ipBlock\.cidr: Invalid value: "x": must be a valid CIDR value/,
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].from[0]',
        {},
        'spec.ingress[0].from[0]: Required value: must specify a peer',
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].from[0].podSelector',
        {},
        'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].from[0].ipBlock.except',
        ['192.168.0.0/16'],
        'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "192.168.0.0/16": must be a strict subset of `cidr`',
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].ports[0].protocol',
        'ICMP',
        'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
        'NetworkPolicy',
        'spec.ingress[0].ports[0].endPort',
        79,
        'spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
    ],
    [
        'NetworkPolicy',
        'spec.policyTypes',
        ['Sideways'],
        /spec\.policyTypes\[0\]: Unsupported value: "Sideways": supported values: "Egress", "Ingress"/,
    ],
];

export function networkKinds(): WrongRequest[] {
    return creations(
        rows.filter(([, member]) => member !== 'spec.loadBalancerIP' && member !== 'spec.externalName'),
    );
}
