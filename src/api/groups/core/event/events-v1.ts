import type { CoreV1Event, EventsV1Event } from '../../../meta/object.ts';
import { convertedStrategy } from '../../converted-strategy.ts';
import type { Incomplete } from '../../incomplete.ts';
import type { Strategy } from '../../resource.ts';
import { eventConversion } from './conversion.ts';
import { eventFields, eventStrategy } from './strategy.ts';
import { validateEventV1, validateEventV1Update } from './validation.ts';

const stored = (event: EventsV1Event): Incomplete<CoreV1Event> => eventConversion.toStored(event);

/** What this version calls a field that may be selected by; the others cannot be named in it. */
const fieldNames: Readonly<Record<string, string>> = {
    'involvedObject.kind': 'regarding.kind',
    'involvedObject.namespace': 'regarding.namespace',
    'involvedObject.name': 'regarding.name',
    'involvedObject.uid': 'regarding.uid',
    'involvedObject.apiVersion': 'regarding.apiVersion',
    'involvedObject.resourceVersion': 'regarding.resourceVersion',
    'involvedObject.fieldPath': 'regarding.fieldPath',
    reason: 'reason',
    reportingComponent: 'reportingController',
    type: 'type',
};

function selectableFields(event: EventsV1Event): Record<string, string> {
    const fields = eventFields(stored(event));
    return Object.fromEntries(Object.entries(fieldNames).map(([name, own]) => [own, fields[name] ?? '']));
}

/** Events of events.k8s.io/v1: stored as those of core/v1, but held to stricter rules. */
export const eventV1Strategy: Strategy<EventsV1Event> = {
    ...convertedStrategy(eventStrategy, eventConversion),
    validate: (event) => validateEventV1(stored(event)),
    validateUpdate: (event, old) => validateEventV1Update(stored(event), stored(old)),
    selectableFields,
};
