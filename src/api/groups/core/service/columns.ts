import type { V1Service } from '../../../meta/object.ts';
import { ageColumn, column, formatLabels, nameColumn, wideColumn } from '../../columns.ts';
import type { Column } from '../../resource.ts';
import { items } from '../../validation/basic.ts';

export const serviceColumns: readonly Column<V1Service>[] = [
    nameColumn,
    column('Type', (service) => service.spec?.type ?? ''),
    column('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? '<none>'),
    column('External-IP', externalIp),
    column('Port(s)', ports),
    ageColumn,
    wideColumn('Selector', (service) => formatLabels(service.spec?.selector)),
];

/** Addresses of load balancers, in order, each once. */
export function ingressAddresses(
    ingress: readonly { ip?: string | undefined; hostname?: string | undefined }[] | undefined,
): string[] {
    const addresses = items(ingress).map(({ ip, hostname }) => ip || hostname || '');
    return [...new Set(addresses.filter((address) => address !== ''))].sort();
}

function externalIp({ spec, status }: V1Service): string {
    const external = items(spec?.externalIPs);
    switch (spec?.type) {
        case 'ClusterIP':
        case 'NodePort':
            return external.length === 0 ? '<none>' : external.join(',');
        case 'LoadBalancer': {
            const all = [...ingressAddresses(status?.loadBalancer?.ingress), ...external];
            return all.length === 0 ? '<pending>' : all.join(',');
        }
        case 'ExternalName':
            return spec.externalName ?? '';
        default:
            return '<unknown>';
    }
}

function ports({ spec }: V1Service): string {
    const list = items(spec?.ports).map(({ port, nodePort, protocol }) =>
        nodePort ? `${port}:${nodePort}/${protocol ?? ''}` : `${port}/${protocol ?? ''}`,
    );
    return list.length === 0 ? '<none>' : list.join(',');
}
