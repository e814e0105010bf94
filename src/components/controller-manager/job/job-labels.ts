/** On pods of a job until the job's status has counted them. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

/** Annotation and label of the pods of indexed jobs. */
export const completionIndexKey = 'batch.kubernetes.io/job-completion-index';
/** Failures of the index that count for backoffLimitPerIndex, before this pod. */
export const indexFailureCountKey = 'batch.kubernetes.io/job-index-failure-count';
/** Failures of the index that the pod failure policy ignored, before this pod. */
export const indexIgnoredFailureCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';
/** The environment variable in which a container finds its index. */
export const completionIndexVariable = 'JOB_COMPLETION_INDEX';

/** Jobs with another `spec.managedBy` are none of this controller's business. */
export const jobControllerName = 'kubernetes.io/job-controller';
