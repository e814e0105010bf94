import type {
    V1APIService,
    V1CustomResourceDefinition,
    V1EndpointSlice,
    V1Service,
} from '../../../api/meta/object.ts';
import type { ResourceType } from '../../../client/resource-type.ts';

export const apiServices: ResourceType<V1APIService> = {
    group: 'apiregistration.k8s.io',
    version: 'v1',
    resource: 'apiservices',
    kind: 'APIService',
    namespaced: false,
};
export const services: ResourceType<V1Service> = {
    group: '',
    version: 'v1',
    resource: 'services',
    kind: 'Service',
    namespaced: true,
};
export const endpointSlices: ResourceType<V1EndpointSlice> = {
    group: 'discovery.k8s.io',
    version: 'v1',
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
};
export const customResourceDefinitions: ResourceType<V1CustomResourceDefinition> = {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
};

/** The label of an EndpointSlice that names its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** "v1.apps"; "v1." for the core group. */
export function apiServiceName(group: string, version: string): string {
    return `${version}.${group}`;
}
