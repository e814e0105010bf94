import { flag } from '../flags.ts';
import { clusterFlags } from './cluster-flags.ts';
import { commonFlags } from './common.ts';

/** Flags of the kubelet that also make sense where all components run in one process. */
export const sharedKubeletFlags = {
    'root-dir': flag.string("the kubelet's own files: volumes, network state", '', 'directory'),
    'container-runtime-endpoint': flag.string(
        'Docker Engine to use',
        'unix:///var/run/docker.sock',
        'unix://path',
    ),
    'pod-infra-container-image': flag.string(
        'pause image; made on the spot when it is missing',
        'registry.k8s.io/pause:3.10',
    ),
    'pod-manifest-path': flag.string('directory of static pod manifests', '', 'directory'),
    'cluster-dns': flag.list("addresses of the cluster's DNS servers, for pods"),
    'resolv-conf': flag.string(
        "resolver configuration that pods' own is made from",
        '/etc/resolv.conf',
        'file',
    ),
    'max-pods': flag.integer('pods that this node takes', 110, { min: 1, max: 10_000 }),
    'node-labels': flag.map('labels of this node'),
    'register-with-taints': flag.list('taints of this node when it registers: key=value:effect'),
    'node-status-update-frequency': flag.duration('how often the node looks at its own state', 10_000),
    'cni-bin-dir': flag.list('directories of CNI plugins', ['/opt/cni/bin', '/usr/lib/cni']),
    'cni-conf-dir': flag.string(
        'CNI configuration of your own; without one a bridge is used',
        '/etc/cni/net.d',
        'directory',
    ),
    'cni-bridge': flag.string('name of the bridge of the built-in network', 'cni0'),
    'kubelet-port': flag.port('port of the kubelet: logs, exec, metrics', 10_250),
    'kubelet-healthz-port': flag.port('port of /healthz on loopback; 0 for none', 10_248),
} as const;

export const kubeletFlags = {
    ...commonFlags,
    ...sharedKubeletFlags,
    kubeconfig: flag.string('kubeconfig; without one only static pods are run', '', 'file'),
    'hostname-override': flag.string('name of this node, instead of the host name'),
    'node-ip': flag.string('address of this node; default: that of the default route', '', 'address'),
    'register-node': flag.boolean('create the Node object', true),
    'cluster-domain': clusterFlags['cluster-domain'],
    'cluster-cidr': clusterFlags['cluster-cidr'],
    'tls-cert-file': flag.string('serving certificate', '', 'file'),
    'tls-private-key-file': flag.string('its key', '', 'file'),
    'client-ca-file': flag.string('CA of client certificates', '', 'file'),
} as const;
