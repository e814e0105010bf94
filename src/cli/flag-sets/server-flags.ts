import { flag } from '../flags.ts';
import { sharedApiserverFlags } from './apiserver-flags.ts';
import { clusterFlags } from './cluster-flags.ts';
import { commonFlags } from './common.ts';
import { sharedControllerFlags } from './controller-flags.ts';
import { sharedKubeletFlags } from './kubelet-flags.ts';
import { sharedProxyFlags } from './proxy-flags.ts';

export const serverComponents = ['controller', 'scheduler', 'kubelet', 'proxy'] as const;

/** All components in one process: the flags of each that do not concern how they reach each other. */
export const serverFlags = {
    ...commonFlags,
    'node-name': flag.string('name of this node; default: the host name'),
    'node-ip': flag.string('address of this node; default: that of the default route', '', 'address'),
    server: flag.string('join the cluster of this master: https://<address>:6443', '', 'url'),
    token: flag.string(
        'join token: the content of server-token in the data directory of a master',
        '',
        'token',
    ),
    'token-file': flag.string('file with the join token', '', 'file'),
    'cluster-reset': flag.boolean(
        'make this master, the only survivor, a cluster of its own with all that it has received, then end',
    ),
    disable: flag.list(`components to leave out: ${serverComponents.join(', ')}`),
    ...clusterFlags,
    ...sharedApiserverFlags,
    ...sharedControllerFlags,
    ...sharedKubeletFlags,
    ...sharedProxyFlags,
} as const;
