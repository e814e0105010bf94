/**
 * Plugins of upstream that this API server does not have, and why. They may be named to turn them off; turning
 * one on is refused.
 */
export const notBuilt: Readonly<Record<string, string>> = {
    PodGroupProtection: 'PodGroup is not served',
    ClusterTrustBundleAttest: 'ClusterTrustBundle is not served',
    PodGroupWorkloadExists: 'PodGroup is not served',
    NodeDeclaredFeatureValidator: 'nodes declare no features',
    JobValidation: 'jobs have no workloads',
    PodResizeValidator: 'resizes are checked when they are validated',
};
