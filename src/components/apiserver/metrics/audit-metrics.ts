import { counter, type Metric } from '../../../store/etcd/server/http/metric.ts';
import type { Auditor } from '../audit/auditor.ts';

export function auditMetrics({ events, errors, levels, rejected }: Auditor): Metric[] {
    return [
        counter(
            'apiserver_audit_event_total',
            'Counter of audit events generated and sent to the audit backend.',
            events,
        ),
        counter(
            'apiserver_audit_requests_rejected_total',
            'Counter of apiserver requests rejected due to an error in audit logging backend.',
            rejected,
        ),
        {
            name: 'apiserver_audit_error_total',
            help: 'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
            type: 'counter',
            samples: Object.entries(errors).map(([plugin, value]) => ({ labels: { plugin }, value })),
        },
        {
            name: 'apiserver_audit_level_total',
            help: 'Counter of policy levels for audit events (1 per request).',
            type: 'counter',
            samples: Object.entries(levels).map(([level, value]) => ({ labels: { level }, value })),
        },
    ];
}
