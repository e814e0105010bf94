import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../../../api/meta/object.ts';
import type { ResourceType } from '../../../client/resource-type.ts';

const group = 'flowcontrol.apiserver.k8s.io';

export const flowSchemas: ResourceType<V1FlowSchema> = {
    group,
    version: 'v1',
    resource: 'flowschemas',
    kind: 'FlowSchema',
    namespaced: false,
};

export const priorityLevels: ResourceType<V1PriorityLevelConfiguration> = {
    group,
    version: 'v1',
    resource: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    namespaced: false,
};
