import { auditModes } from '../../components/apiserver/audit/modes.ts';
import { flag } from '../flags.ts';

const versions = ['audit.k8s.io/v1'] as const;
const truncated = 'events larger than this lose their objects, and are dropped where that is not enough';

/** What the API server writes of requests. Without a policy nothing is written. */
export const auditFlags = {
    'audit-policy-file': flag.string('audit policy (audit.k8s.io/v1)', '', 'file'),
    'audit-log-path': flag.string('audit log; - for standard output, empty for none', '', 'file'),
    'audit-log-format': flag.oneOf('format of the audit log', ['json'], 'json'),
    'audit-log-version': flag.oneOf('version of the events in the audit log', versions, 'audit.k8s.io/v1'),
    'audit-log-maxage': flag.integer('days to keep old audit logs; 0: for ever', 0),
    'audit-log-maxbackup': flag.integer('old audit logs to keep; 0: all', 0),
    'audit-log-maxsize': flag.integer('megabytes before an audit log is put aside; 0: 100', 0),
    'audit-log-compress': flag.boolean('compress audit logs that are put aside with gzip'),
    'audit-log-mode': flag.oneOf(
        'blocking: requests wait until their event is in the log; blocking-strict: and fail where it cannot be; batch: they do not wait',
        auditModes,
        'blocking',
    ),
    'audit-log-batch-throttle-enable': flag.boolean('bound how many events go to the log in batch mode'),
    'audit-log-batch-throttle-qps': flag.number('events a second that go to the log on average', 0),
    'audit-log-batch-throttle-burst': flag.integer(
        'events that go to the log at once after a time of rest',
        0,
    ),
    'audit-log-truncate-enabled': flag.boolean('truncate large events in the log'),
    'audit-log-truncate-max-event-size': flag.integer(truncated, 102_400, { min: 1 }),
    'audit-webhook-config-file': flag.string(
        'kubeconfig of a webhook that audit events are sent to, in batches',
        '',
        'file',
    ),
    'audit-webhook-version': flag.oneOf(
        'version of the events that the webhook gets',
        versions,
        'audit.k8s.io/v1',
    ),
    'audit-webhook-mode': flag.oneOf('as --audit-log-mode, for the webhook', auditModes, 'batch'),
    'audit-webhook-batch-buffer-size': flag.integer(
        'events that wait for the webhook at most; what comes then is dropped',
        10_000,
        { min: 1 },
    ),
    'audit-webhook-batch-max-size': flag.integer('events that are sent at once at most', 400, { min: 1 }),
    'audit-webhook-batch-max-wait': flag.duration('how long events wait for others', 30_000),
    'audit-webhook-batch-throttle-enable': flag.boolean('bound how many batches are sent', true),
    'audit-webhook-batch-throttle-qps': flag.number('batches a second that are sent on average', 10),
    'audit-webhook-batch-throttle-burst': flag.integer(
        'batches that are sent at once after a time of rest',
        15,
    ),
    'audit-webhook-initial-backoff': flag.duration(
        'how long to wait before the first repetition of what failed',
        10_000,
    ),
    'audit-webhook-truncate-enabled': flag.boolean('truncate large events for the webhook'),
    'audit-webhook-truncate-max-event-size': flag.integer(truncated, 102_400, { min: 1 }),
} as const;
