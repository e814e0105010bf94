import type { V1Pod } from '../../../meta/object.ts';
import { ageColumn, column, nameColumn, orNone, wideColumn } from '../../columns.ts';
import type { Column } from '../../resource.ts';
import { items } from '../../validation/basic.ts';
import { type PodSummary, restartsText, summarizePod } from './status-text.ts';

export const podColumns: readonly Column<V1Pod>[] = [
    nameColumn,
    column('Ready', readyCell, {
        description: 'Containers that are ready, of all that keep running.',
    }),
    column('Status', (pod) => summaryOf(pod).status, {
        description: 'What the pod is doing, in one word.',
    }),
    column('Restarts', (pod, nowMs) => restartsText(summaryOf(pod), nowMs), {
        description: 'How often containers were restarted, and when the last time was.',
    }),
    ageColumn,
    wideColumn('IP', (pod) => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP)),
    wideColumn('Node', (pod) => orNone(pod.spec?.nodeName)),
    wideColumn('Nominated Node', (pod) => orNone(pod.status?.nominatedNodeName)),
    wideColumn('Readiness Gates', readinessGates),
];

let last: { pod: V1Pod; summary: PodSummary } | undefined;

/** Three columns of a row ask for the same pod, one after the other. What is frozen says the same each time. */
function summaryOf(pod: V1Pod): PodSummary {
    if (last?.pod === pod) return last.summary;
    const summary = summarizePod(pod);
    if (Object.isFrozen(pod)) last = { pod, summary };
    return summary;
}

function readinessGates(pod: V1Pod): string {
    const gates = items(pod.spec?.readinessGates);
    if (gates.length === 0) return '<none>';
    const conditions = items(pod.status?.conditions);
    const met = gates.filter(
        (gate) => conditions.find(({ type }) => type === gate.conditionType)?.status === 'True',
    );
    return `${met.length}/${gates.length}`;
}

function readyCell(pod: V1Pod): string {
    const { ready, total } = summaryOf(pod);
    return `${ready}/${total}`;
}
