import { flag } from '../flags.ts';

export const commonFlags = {
    config: flag.string('YAML file with the values of flags, by their names', '', 'file'),
    v: flag.integer('log verbosity: 4 and more for debugging', 0),
} as const;

/** How a component that runs alone reaches the API server. */
export const kubeconfigFlags = {
    kubeconfig: flag.string('kubeconfig that says where the API server is and who this is', '', 'file'),
    master: flag.string('address of the API server, instead of the one in the kubeconfig', '', 'url'),
} as const;

export const leaderElectionFlags = {
    'leader-elect': flag.boolean('only the elected one of several instances works', true),
    'leader-elect-lease-duration': flag.duration('how long others wait for a leader that is silent', 15_000),
    'leader-elect-renew-deadline': flag.duration(
        'how long a leader tries to renew before it gives up',
        10_000,
    ),
    'leader-elect-retry-period': flag.duration('pause between two tries', 2_000),
    'leader-elect-resource-namespace': flag.string('namespace of the lease', 'kube-system'),
} as const;
