import { expect, it } from '@jest/globals';
import { Auditor, type AuditOutput, type AuditSink } from './auditor.ts';
import type { AuditEvent } from './event.ts';
import { AuditPolicy } from './policy.ts';

const policy = AuditPolicy.parse({
    kind: 'Policy',
    apiVersion: 'audit.k8s.io/v1',
    rules: [{ level: 'Request' }],
});
const event: AuditEvent = {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Request', stage: 'ResponseComplete' },
    ...{ auditID: '1', requestURI: '/', verb: 'create', user: {} },
    requestReceivedTimestamp: '',
    stageTimestamp: '',
};

function auditorOf(more: Omit<AuditOutput, 'sink'>, works = true): { auditor: Auditor; lines: AuditEvent[] } {
    const lines: AuditEvent[] = [];
    const write = (line: string): boolean => {
        lines.push(JSON.parse(line) as AuditEvent);
        return works;
    };
    const sink: AuditSink = {
        name: 'log',
        write,
        writeThrough: async (line) => await Promise.resolve(write(line)),
        stop: async () => {
            await Promise.resolve();
        },
    };
    return { auditor: new Auditor(policy, [{ sink, ...more }]), lines };
}

it.each([
    ['batch', true],
    ['blocking', true],
    ['blocking-strict', false],
] as const)('in mode %s, lets the request go on where an event is lost: %p', async (mode, goesOn) => {
    const { auditor } = auditorOf({ mode }, false);
    expect(await auditor.emit(event)).toBe(goesOn);
    expect(auditor.errors.log).toBe(1);
});

it('takes the objects out of events that are too large, and drops what is too large without them', async () => {
    const { auditor, lines } = auditorOf({ eventBytesMax: 400 });
    const annotations = { a: 'b' };
    await auditor.emit({ ...event, annotations, requestObject: { data: 'x'.repeat(500) } });
    expect(lines).toEqual([{ ...event, annotations: { a: 'b', 'audit.k8s.io/truncated': 'true' } }]);
    await auditor.emit({ ...event, annotations: { a: 'b'.repeat(500) } });
    await auditor.emit({ ...event, level: 'Metadata', requestURI: 'x'.repeat(500) });
    expect(lines).toHaveLength(1);
    expect(auditor.errors).toEqual({ log: 0, webhook: 0, truncate: 2 });
});
