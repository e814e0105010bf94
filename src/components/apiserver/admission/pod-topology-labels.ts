import type { V1Binding, V1Node, V1Pod } from '../../../api/meta/object.ts';
import { nodes } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

function isPodOrBinding({ operation, definition, subresource }: AdmissionRequest): boolean {
    return (
        operation === 'CREATE' &&
        definition.group === '' &&
        definition.plural === 'pods' &&
        (subresource === '' || subresource === 'binding')
    );
}

function nodeNameOf({ subresource, object }: AdmissionRequest): string | undefined {
    if (subresource === '') return (object as V1Pod).spec?.nodeName;
    // What is missing is told after the plugins have had their say.
    const { target } = object as Partial<V1Binding>;
    return target?.kind === 'Node' ? target.name : undefined;
}

/**
 * Tells a pod where its node is: a pod that is made on a node and a binding get the node's topology labels.
 * Labels that are there already stay; those of a binding become the pod's.
 */
export function podTopologyLabels({ reader }: PluginContext): AdmissionPlugin {
    return {
        name: 'PodTopologyLabels',
        handles: isPodOrBinding,
        mutate(request) {
            const { object } = request;
            const name = nodeNameOf(request);
            if (object === undefined || name === undefined || name === '') return;
            const labels = reader.get<V1Node>(nodes, '', name)?.metadata.labels ?? {};
            const found = copied.filter((key) => labels[key] !== undefined);
            if (found.length === 0) return;
            const metadata = (object.metadata ??= {});
            const own = Object.fromEntries(found.map((key) => [key, labels[key] ?? '']));
            metadata.labels = { ...own, ...metadata.labels };
        },
    };
}
