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
    });
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
    });
}

/** Leaves out what is not set, so that converting twice gives the same object. */
function compact<T>(object: object): T {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

export const eventConversion: VersionConversion<EventsV1Event> = {
    stored: { group: '', version: 'v1' },
    toStored: toCore,
    fromStored: fromCore,
};
