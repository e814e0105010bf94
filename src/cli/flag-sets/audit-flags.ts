import { flag } from '../flags.ts';

/** What the API server writes of requests. Without a policy nothing is written. */
export const auditFlags = {
    'audit-policy-file': flag.string('audit policy (audit.k8s.io/v1)', '', 'file'),
    'audit-log-path': flag.string('audit log; - for standard output, empty for none', '', 'file'),
    'audit-log-format': flag.oneOf('format of the audit log', ['json'], 'json'),
    'audit-log-maxage': flag.integer('days to keep old audit logs; 0: for ever', 0),
    'audit-log-maxbackup': flag.integer('old audit logs to keep; 0: all', 0),
    'audit-log-maxsize': flag.integer('megabytes before an audit log is put aside; 0: 100', 0),
    'audit-webhook-config-file': flag.string(
        'kubeconfig of a webhook that audit events are sent to, in batches',
        '',
        'file',
    ),
} as const;
