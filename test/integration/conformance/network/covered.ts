import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'services.suite.ts': [
        'kubernetes.default Endpoints and EndpointSlices',
        'Kubernetes Service',
        'ServiceCIDR API',
        'Service, complete ServiceStatus lifecycle',
        'Find Kubernetes Service in default Namespace',
    ],
    'endpoints.suite.ts': [
        'EndpointSlice, creation/deletion',
        'EndpointSlice, "empty" Service',
        'Endpoint resource lifecycle',
        'Endpoints, "empty" Service',
        'Service, endpoints',
        'Service, endpoints with multiple ports',
    ],
    '../scheduling/placement.suite.ts': [
        'Scheduling, HostPort matching and HostIP and Protocol not-matching',
    ],
    'objects.suite.ts': ['Ingress API', 'IPAddress API'],
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

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
