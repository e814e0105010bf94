import type { CoreV1Event } from '../../../meta/object.ts';
import { column, since, wideColumn } from '../../columns.ts';
import type { Column, Strategy } from '../../resource.ts';
import type { Incomplete } from '../../incomplete.ts';
import { validateEvent } from './validation.ts';

export function eventFields(event: Incomplete<CoreV1Event>): Record<string, string> {
    const about = event.involvedObject ?? {};
    const component = event.source?.component || event.reportingComponent || '';
    return {
        'involvedObject.kind': about.kind ?? '',
        'involvedObject.namespace': about.namespace ?? '',
        'involvedObject.name': about.name ?? '',
        'involvedObject.uid': about.uid ?? '',
        'involvedObject.apiVersion': about.apiVersion ?? '',
        'involvedObject.resourceVersion': about.resourceVersion ?? '',
        'involvedObject.fieldPath': about.fieldPath ?? '',
        reason: event.reason ?? '',
        reportingComponent: event.reportingComponent ?? '',
        source: component,
        type: event.type ?? '',
    };
}

function firstSeen({ firstTimestamp, eventTime }: Incomplete<CoreV1Event>): string | undefined {
    return firstTimestamp ?? eventTime;
}

function lastSeen(event: Incomplete<CoreV1Event>): string | undefined {
    return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);
}

function aboutText({ involvedObject }: Incomplete<CoreV1Event>): string {
    const kind = (involvedObject?.kind ?? '').toLowerCase();
    return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function sourceText({ source, reportingComponent, reportingInstance }: Incomplete<CoreV1Event>): string {
    const component = source?.component || reportingComponent || '';
    const instance = source?.host || reportingInstance || '';
    return instance === '' ? component : `${component}, ${instance}`;
}

export const eventColumns: readonly Column<Incomplete<CoreV1Event>>[] = [
    column('Last Seen', (event, nowMs) => since(lastSeen(event), nowMs)),
    column('Type', (event) => event.type ?? ''),
    column('Reason', (event) => event.reason ?? ''),
    column('Object', aboutText),
    wideColumn('Subobject', (event) => event.involvedObject?.fieldPath ?? ''),
    wideColumn('Source', sourceText),
    column('Message', (event) => (event.message ?? '').trim()),
    wideColumn('First Seen', (event, nowMs) => since(firstSeen(event), nowMs)),
    wideColumn('Count', (event) => String(event.series?.count ?? (event.count || 1))),
    wideColumn('Name', (event) => event.metadata?.name ?? '', { format: 'name' }),
];

export const eventStrategy: Strategy<Incomplete<CoreV1Event>> = {
    allowCreateOnUpdate: true,
    validate: validateEvent,
    validateUpdate: (event) => validateEvent(event),
    selectableFields: eventFields,
    columns: eventColumns,
};
