import { flag } from '../flags.ts';
import { commonFlags, kubeconfigFlags, leaderElectionFlags } from './common.ts';

export const schedulerFlags = {
    ...commonFlags,
    ...kubeconfigFlags,
    ...leaderElectionFlags,
    'leader-elect-resource-name': flag.string('name of the lease', 'kube-scheduler'),
    'scheduler-name': flag.string('pods with this spec.schedulerName are scheduled', 'default-scheduler'),
} as const;
