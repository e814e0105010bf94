import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import type { CoreV1Event } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { dnsSubdomain, immutable, qualifiedName, required } from '../../validation/basic.ts';

type Event = Incomplete<CoreV1Event>;

const shortTextBytesMax = 128;
const messageBytesMax = 1024;

/**
 * What holds for events of both versions (core/validation legacyValidateEvent). One with an eventTime is of the
 * newer kind and has to say who reports what. Paths are those of core/v1.
 */
export function validateEvent(event: Event): FieldError[] {
    return [
        ...(event.eventTime ? validateReport(event) : validateNamespaces(event)),
        ...dnsSubdomain(event.metadata?.namespace, 'namespace'),
    ];
}

function foreignNamespace(about: string): FieldError[] {
    return [fieldErrors.invalid('involvedObject.namespace', about, 'does not match event.namespace')];
}

/** An event about a namespaced object is in that namespace, one about the rest in "default". */
function validateNamespaces(event: Event): FieldError[] {
    const namespace = event.metadata?.namespace ?? '';
    const about = event.involvedObject?.namespace ?? '';
    const fits = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
    return fits ? [] : foreignNamespace(about);
}

function validateReport(event: Event): FieldError[] {
    const namespace = event.metadata?.namespace ?? '';
    const about = event.involvedObject?.namespace ?? '';
    const fits = about !== '' || namespace === 'default' || namespace === 'kube-system';
    const controller = event.reportingComponent;
    return [
        ...(fits ? [] : foreignNamespace(about)),
        ...required(controller, 'reportingController'),
        ...qualifiedName(controller, 'reportingController'),
        ...shortText(event.reportingInstance, 'reportingInstance'),
        ...shortText(event.action, 'action'),
        ...shortText(event.reason, 'reason'),
        ...atMost(event.message, 'message', messageBytesMax),
    ];
}

function shortText(value: string | undefined, path: string): FieldError[] {
    return [...required(value, path), ...atMost(value, path, shortTextBytesMax)];
}

function atMost(value: string | undefined, path: string, bytesMax: number): FieldError[] {
    return Buffer.byteLength(value ?? '') > bytesMax
        ? [fieldErrors.invalid(path, '', `can have at most ${bytesMax} characters`)]
        : [];
}

/** A creation through events.k8s.io/v1 (core/validation ValidateEventCreate). */
export function validateEventV1(event: Event): FieldError[] {
    const { type = '' } = event;
    const unset = (isSet: boolean, path: string): FieldError[] =>
        isSet ? [fieldErrors.invalid(path, '', 'needs to be unset')] : [];
    return [
        ...validateEvent(event),
        ...validateSeries(event),
        ...required(event.eventTime, 'eventTime'),
        ...(type === 'Normal' || type === 'Warning'
            ? []
            : [fieldErrors.invalid('type', '', `has invalid value: ${type}`)]),
        ...unset(Boolean(event.firstTimestamp), 'firstTimestamp'),
        ...unset(Boolean(event.lastTimestamp), 'lastTimestamp'),
        ...unset((event.count ?? 0) !== 0, 'count'),
        ...unset(Boolean(event.source?.component) || Boolean(event.source?.host), 'source'),
    ];
}

function validateSeries({ series }: Event): FieldError[] {
    if (series === undefined) return [];
    return [
        ...((series.count ?? 0) < 2 ? [fieldErrors.invalid('series.count', '', 'should be at least 2')] : []),
        ...required(series.lastObservedTime, 'series.lastObservedTime'),
    ];
}

/** By the names that errors have: upstream's of the form that both versions are turned into. */
const immutableFields: Readonly<Record<string, (event: Event) => unknown>> = {
    involvedObject: (event) => event.involvedObject,
    reason: (event) => event.reason ?? '',
    message: (event) => event.message ?? '',
    source: (event) => event.source,
    firstTimestamp: (event) => event.firstTimestamp,
    lastTimestamp: (event) => event.lastTimestamp,
    count: (event) => event.count ?? 0,
    type: (event) => event.type ?? '',
    eventTime: (event) => event.eventTime,
    action: (event) => event.action ?? '',
    related: (event) => event.related,
    reportingController: (event) => event.reportingComponent ?? '',
    reportingInstance: (event) => event.reportingInstance ?? '',
};

/** An update through events.k8s.io/v1: the series alone may change (core/validation ValidateEventUpdate). */
export function validateEventV1Update(event: Event, old: Event): FieldError[] {
    return [
        ...validateEvent(event),
        ...(immutable(event.series, old.series, 'series').length > 0 ? validateSeries(event) : []),
        ...Object.entries(immutableFields).flatMap(([path, valueOf]) =>
            immutable(valueOf(event), valueOf(old), path),
        ),
    ];
}
