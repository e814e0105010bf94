import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'services.suite.ts': {
        'its Endpoints and EndpointSlice name the API server': [
            'kubernetes.default Endpoints and EndpointSlices',
        ],
        'the Service kubernetes is there for pods to find the API': [
            'Kubernetes Service',
            'Find Kubernetes Service in default Namespace',
        ],
        'the Service range of the cluster is an object, with its status': ['ServiceCIDR API'],
        'status is read, patched and updated as a subresource; the Service is patched and deleted': [
            'Service, complete ServiceStatus lifecycle',
        ],
    },
    'endpoints.suite.ts': {
        'slices follow the pods that a Service matches, with named ports and addresses that are not ready': [
            'EndpointSlice, creation/deletion',
            'Service, endpoints with multiple ports',
        ],
        'a Service that matches no pod has empty Endpoints and an empty slice, which go with it': [
            'EndpointSlice, "empty" Service',
            'Endpoints, "empty" Service',
        ],
        'Endpoints are created, updated, patched and deleted by their label': ['Endpoint resource lifecycle'],
        'pods that come and go are added to the endpoints of a Service and taken off': ['Service, endpoints'],
    },
    '../scheduling/placement.suite.ts': {
        'one port of a node goes to several pods where address or protocol differ': [
            'Scheduling, HostPort matching and HostIP and Protocol not-matching',
        ],
    },
    'objects.suite.ts': {
        'Ingresses can be created, read, changed and deleted, and have a status': ['Ingress API'],
        'IPAddresses can be created, read, changed and deleted, of both families': ['IPAddress API'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs pods that ask the cluster DNS': [
        'DNS, cluster',
        'DNS, for ExternalName Services',
        'DNS, resolve the hostname',
        'DNS, services',
        'DNS, custom dnsConfig',
    ],
    'needs pods and the proxy of a node for traffic': [
        'EndpointSlice, multiple IPs, multiple ports',
        'EndpointSlice, single IP, multiple ports',
        'Networking, intra pod http',
        'Networking, intra pod udp',
        'Networking, intra pod http, from node',
    ],
    'needs a pod that answers what the API server passes on': [
        'Proxy, validate Proxy responses',
        'Proxy, validate ProxyWithPath responses',
        'Proxy through apiserver to a Service',
    ],
    'needs a kubelet: it measures how soon pods become endpoints': ['Service endpoint latency, thresholds'],
    'needs pods and the proxy of a node for traffic; the objects are tested in services.suite.ts': [
        'Service, change type, ClusterIP to ExternalName',
        'Service, change type, ExternalName to ClusterIP',
        'Service, change type, ExternalName to NodePort',
        'Service, NodePort Service',
        'Service, NodePort type, session affinity to None',
        'Service, ClusterIP type, session affinity to None',
        'Service, ClusterIP type, session affinity to ClientIP',
        'Service, should serve endpoints on same port and different protocols.',
    ],
};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
