import { describe, expect, it } from '@jest/globals';
import type { CoreV1Event, EventsV1Event } from '../../../meta/object.ts';
import type { Incomplete } from '../../incomplete.ts';
import { eventV1Strategy } from './events-v1.ts';
import { eventStrategy } from './strategy.ts';

const time = '2026-01-01T00:00:00.000000Z';

function report(change: Partial<EventsV1Event> = {}): EventsV1Event {
    return {
        metadata: { name: 'web.1', namespace: 'shop' },
        eventTime: time,
        type: 'Normal',
        reason: 'Pulled',
        action: 'Pulling',
        reportingController: 'example.com/puller',
        reportingInstance: 'puller-1',
        regarding: { kind: 'Pod', namespace: 'shop', name: 'web' },
        note: 'pulled',
        ...change,
    };
}

function legacy(change: Incomplete<CoreV1Event> = {}): Incomplete<CoreV1Event> {
    return {
        metadata: { name: 'web.1', namespace: 'shop' },
        involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web' },
        ...change,
    };
}

const texts = (errors: { field: string; message: string }[] | undefined): string[] =>
    (errors ?? []).map(({ field, message }) => `${field}: ${message}`);
const created = (event: EventsV1Event): string[] => texts(eventV1Strategy.validate?.(event));

describe('creation of events.k8s.io/v1 events', () => {
    it('takes a complete report', () => {
        expect(created(report())).toEqual([]);
    });

    it.each<[string, Partial<EventsV1Event>, string[]]>([
        ['a type of its own', { type: 'Odd' }, ['type: Invalid value: "": has invalid value: Odd']],
        ['no reason', { reason: '' }, ['reason: Required value']],
        [
            'a reason of 129 bytes',
            { reason: 'r'.repeat(129) },
            ['reason: Invalid value: "": can have at most 128 characters'],
        ],
        [
            'a note of 1025 bytes',
            { note: 'n'.repeat(1025) },
            ['message: Invalid value: "": can have at most 1024 characters'],
        ],
        ['no instance', { reportingInstance: '' }, ['reportingInstance: Required value']],
        ['a deprecated count', { deprecatedCount: 1 }, ['count: Invalid value: "": needs to be unset']],
        [
            'a deprecated source',
            { deprecatedSource: { host: 'a' } },
            ['source: Invalid value: "": needs to be unset'],
        ],
        [
            'a deprecated time',
            { deprecatedLastTimestamp: time },
            ['lastTimestamp: Invalid value: "": needs to be unset'],
        ],
        [
            'a series of one',
            { series: { count: 1, lastObservedTime: time } },
            ['series.count: Invalid value: "": should be at least 2'],
        ],
        [
            'an object of no namespace in another',
            { regarding: { kind: 'Node', name: 'n' } },
            ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
        ],
    ])('refuses %s', (_name, change, errors) => {
        expect(created(report(change))).toEqual(errors);
    });

    it('needs a time, and a controller with a name that fits', () => {
        expect(created(report({ eventTime: '' }))).toEqual(['eventTime: Required value']);
        expect(created(report({ reportingController: 'no spaces' }))).toHaveLength(1);
    });
});

describe('updates of events.k8s.io/v1 events', () => {
    const updated = (change: Partial<EventsV1Event>): string[] =>
        texts(eventV1Strategy.validateUpdate?.(report(change), report()));

    it('may begin a series', () => {
        expect(updated({ series: { count: 2, lastObservedTime: time } })).toEqual([]);
    });

    it('may not change anything else', () => {
        expect(updated({ note: 'other', action: 'Other' })).toEqual([
            'message: Invalid value: "other": field is immutable',
            'action: Invalid value: "Other": field is immutable',
        ]);
    });
});

describe('core events', () => {
    const checked = (change: Incomplete<CoreV1Event>): string[] =>
        texts(eventStrategy.validate?.(legacy(change)));

    it('need no more than a namespace that fits while they have no eventTime', () => {
        expect(checked({})).toEqual([]);
        expect(checked({ involvedObject: {} })).toHaveLength(1);
        expect(checked({ involvedObject: {}, metadata: { namespace: 'kube-system' } })).toHaveLength(1);
        expect(checked({ involvedObject: {}, metadata: { namespace: 'default' } })).toEqual([]);
    });

    it('with an eventTime are held to the lengths of reports', () => {
        expect(
            checked({ eventTime: time, reportingComponent: 'a', reportingInstance: 'b', action: 'c' }),
        ).toEqual(['reason: Required value']);
    });
});

it('fields are selected by the names that the version has', () => {
    expect(eventV1Strategy.selectableFields?.(report())).toMatchObject({
        'regarding.kind': 'Pod',
        'regarding.name': 'web',
        reportingController: 'example.com/puller',
        reason: 'Pulled',
        type: 'Normal',
    });
    expect(eventV1Strategy.selectableFields?.(report())).not.toHaveProperty(['involvedObject.kind']);
    expect(eventStrategy.selectableFields?.(legacy())).toHaveProperty(['involvedObject.kind'], 'Pod');
});
