import type { ApiObject, CoreV1Event, EventsV1Event } from '../../../meta/object.ts';
import type { VersionConversion } from '../../resource.ts';

/** Names that core/v1 and events.k8s.io/v1 use for the same thing. */
function fromCore(object: ApiObject): EventsV1Event {
    const { involvedObject, message, source, count, firstTimestamp, lastTimestamp, ...common } =
        object as CoreV1Event;
    const { reportingComponent, apiVersion: _apiVersion, ...rest } = common;
    return compact({
        ...rest,
        apiVersion: 'events.k8s.io/v1',
        regarding: involvedObject,
        note: message,
        reportingController: reportingComponent,
        deprecatedSource: source,
        deprecatedCount: count,
        deprecatedFirstTimestamp: firstTimestamp,
        deprecatedLastTimestamp: lastTimestamp,
    }) as unknown as EventsV1Event;
}

function toCore(event: EventsV1Event): CoreV1Event {
    const { regarding, note, deprecatedSource, deprecatedCount, reportingController, ...rest } = event;
    const { deprecatedFirstTimestamp, deprecatedLastTimestamp, ...common } = rest;
    return compact({
        ...common,
        apiVersion: 'v1',
        involvedObject: regarding ?? {},
        message: note,
        reportingComponent: reportingController,
        source: deprecatedSource,
        count: deprecatedCount,
        firstTimestamp: deprecatedFirstTimestamp,
        lastTimestamp: deprecatedLastTimestamp,
    }) as unknown as CoreV1Event;
}

/** Leaves out what is not set, so that converting twice gives the same object. */
function compact(object: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export const eventConversion: VersionConversion<EventsV1Event> = {
    stored: { group: '', version: 'v1' },
    toStored: toCore,
    fromStored: fromCore,
};
