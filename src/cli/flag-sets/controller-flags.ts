import { flag } from '../flags.ts';
import { clusterFlags } from './cluster-flags.ts';
import { commonFlags, kubeconfigFlags, leaderElectionFlags } from './common.ts';

export const sharedControllerFlags = {
    controllers: flag.list('controllers to run: "*" for all on by default, "-name" to leave one out', ['*']),
    'node-cidr-mask-size': flag.integer('prefix length of the pod network of one node', 24, {
        min: 8,
        max: 30,
    }),
    'allocate-node-cidrs': flag.boolean('give every node its part of --cluster-cidr', true),
} as const;

export const controllerFlags = {
    ...commonFlags,
    ...kubeconfigFlags,
    ...leaderElectionFlags,
    ...sharedControllerFlags,
    'cluster-cidr': clusterFlags['cluster-cidr'],
    'service-cluster-ip-range': clusterFlags['service-cluster-ip-range'],
    'leader-elect-resource-name': flag.string('name of the lease', 'kube-controller-manager'),
    'service-account-private-key-file': flag.string('key that signs service-account tokens', '', 'file'),
    'root-ca-file': flag.string('CA certificate that is published to every namespace', '', 'file'),
    'cluster-signing-cert-file': flag.string('CA certificate for signing requests', '', 'file'),
    'cluster-signing-key-file': flag.string('key of that CA', '', 'file'),
    'use-service-account-credentials': flag.boolean('each controller acts as its own service account', true),
} as const;
