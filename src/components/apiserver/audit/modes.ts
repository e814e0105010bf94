export const auditModes = ['batch', 'blocking', 'blocking-strict'] as const;

/**
 * What requests do until their event is written. 'batch': they go on. 'blocking': they wait for it.
 * 'blocking-strict': they wait, and fail where the event that they have begun cannot be written.
 */
export type AuditMode = (typeof auditModes)[number];
