import { flag } from '../flags.ts';
import { clusterFlags } from './cluster-flags.ts';
import { commonFlags, kubeconfigFlags } from './common.ts';

/** Flags of the Service proxy that also make sense where all components run in one process. */
export const sharedProxyFlags = {
    'masquerade-all': flag.boolean('masquerade all traffic to cluster IPs'),
    'nodeport-addresses': flag.list('networks on whose addresses NodePorts answer; empty for all'),
    'iptables-sync-period': flag.duration('how often is checked that nobody has flushed the rules', 30_000),
    'iptables-min-sync-period': flag.duration('two rule updates are at least this far apart', 1_000),
    'healthz-bind-address': flag.string('address of /healthz', '0.0.0.0:10256', 'address:port'),
    'metrics-bind-address': flag.string('address of /metrics', '127.0.0.1:10249', 'address:port'),
} as const;

export const proxyFlags = {
    ...commonFlags,
    ...kubeconfigFlags,
    ...sharedProxyFlags,
    'cluster-cidr': clusterFlags['cluster-cidr'],
    'hostname-override': flag.string('name of this node, instead of the host name'),
    'proxy-mode': flag.oneOf('how rules are written', ['iptables'], 'iptables'),
    cleanup: flag.boolean('remove all rules of the proxy and exit'),
} as const;
