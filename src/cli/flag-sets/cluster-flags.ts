import { flag } from '../flags.ts';

/** What several components must agree on. */
export const clusterFlags = {
    'cluster-cidr': flag.string('network of the pods', '10.244.0.0/16', 'cidr'),
    'service-cluster-ip-range': flag.string('network of the Services', '10.96.0.0/16', 'cidr'),
    'cluster-domain': flag.string('DNS domain of the cluster', 'cluster.local'),
} as const;
