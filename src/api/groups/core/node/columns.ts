import type { V1Node } from '../../../meta/object.ts';
import { ageColumn, column, nameColumn, wideColumn } from '../../columns.ts';
import type { Column } from '../../resource.ts';
import { items } from '../../validation/basic.ts';

const rolePrefix = 'node-role.kubernetes.io/';
const roleLabel = 'kubernetes.io/role';

export const nodeColumns: readonly Column<V1Node>[] = [
    nameColumn,
    column('Status', statusText),
    column('Roles', (node) => rolesOf(node).join(',') || '<none>'),
    ageColumn,
    column('Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? ''),
    wideColumn('Internal-IP', (node) => addressOf(node, 'InternalIP')),
    wideColumn('External-IP', (node) => addressOf(node, 'ExternalIP')),
    wideColumn('OS-Image', (node) => node.status?.nodeInfo?.osImage || '<unknown>'),
    wideColumn('Kernel-Version', (node) => node.status?.nodeInfo?.kernelVersion || '<unknown>'),
    wideColumn('Container-Runtime', (node) => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
];

function statusText({ spec, status }: V1Node): string {
    const ready = items(status?.conditions).findLast(({ type }) => type === 'Ready');
    const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
    if (spec?.unschedulable === true) words.push('SchedulingDisabled');
    return words.join(',');
}

function rolesOf({ metadata }: V1Node): string[] {
    const roles = new Set<string>();
    for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
        if (key.startsWith(rolePrefix)) roles.add(key.slice(rolePrefix.length));
        else if (key === roleLabel) roles.add(value);
    }
    roles.delete('');
    return [...roles].sort();
}

function addressOf({ status }: V1Node, wanted: string): string {
    return items(status?.addresses).find(({ type }) => type === wanted)?.address ?? '<none>';
}
