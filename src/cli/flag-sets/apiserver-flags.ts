import { admissionPluginOrder, isOnByDefault } from '../../components/apiserver/admission/plugin-names.ts';
import { notBuilt } from '../../components/apiserver/admission/not-built.ts';
import { flag } from '../flags.ts';
import { auditFlags } from './audit-flags.ts';
import { clusterFlags } from './cluster-flags.ts';
import { authFlags, sharedAuthFlags } from './auth-flags.ts';
import { commonFlags } from './common.ts';
import { requestFlags } from './request-flags.ts';
import { snapshotFlags } from './snapshot-flags.ts';
import { tlsFlags } from './tls-flags.ts';

const defaultPlugins = admissionPluginOrder
    .filter((name) => isOnByDefault(name) && !Object.hasOwn(notBuilt, name))
    .join(', ');
const knownPlugins = [...admissionPluginOrder].sort().join(', ');

/** Flags of the API server that also make sense where all components run in one process. */
export const sharedApiserverFlags = {
    'service-cluster-ip-range': clusterFlags['service-cluster-ip-range'],
    'cluster-domain': clusterFlags['cluster-domain'],
    'bind-address': flag.string('address to listen on', '0.0.0.0', 'address'),
    'secure-port': flag.port('HTTPS port', 6_443),
    'advertise-address': flag.string(
        'address under which the cluster reaches this API server; default: the node address',
        '',
        'address',
    ),
    'apiserver-cert-extra-sans': flag.list('further names and addresses for the serving certificate'),
    'service-node-port-range': flag.string(
        'ports for Services of type NodePort',
        '30000-32767',
        'first-last',
    ),
    ...sharedAuthFlags,
    'enable-admission-plugins': flag.list(
        `admission plugins to run besides those on by default (${defaultPlugins}); known are ${knownPlugins}`,
    ),
    'disable-admission-plugins': flag.list(
        `admission plugins to leave out, though they are on by default (${defaultPlugins}); known are ${knownPlugins}`,
    ),
    'admission-control-config-file': flag.string(
        'AdmissionConfiguration: what single admission plugins are told, such as exemptions of PodSecurity',
        '',
        'file',
    ),
    'admission-control': flag.list('admission plugins to run, instead of the default ones'),
    ...requestFlags,
    ...tlsFlags,
    ...auditFlags,
    'legacy-apis': flag.boolean(
        'serve extensions/v1beta1, apps/v1beta1, apps/v1beta2 and networking.k8s.io/v1beta1, for old manifests',
    ),
    'data-dir': flag.string('where the store is kept', '/var/lib/hyperkube', 'directory'),
    'config-dir': flag.string('certificates (pki/) and kubeconfigs', '/etc/kubernetes', 'directory'),
    ...snapshotFlags,
    'listen-peer-urls': flag.string(
        'where the other masters reach the store of this one',
        'https://0.0.0.0:2380',
        'url',
    ),
    'initial-advertise-peer-urls': flag.string(
        'the address of that for the others; default: the advertised address, port 2380',
        '',
        'url',
    ),
    'listen-client-urls': flag.string(
        'where the store serves the etcd API, to holders of client certificates; empty for nowhere',
        'https://127.0.0.1:2379',
        'url',
    ),
    'etcd-servers': flag.list('addresses of an etcd cluster to use instead of the embedded store'),
    'etcd-cafile': flag.string("CA of etcd's serving certificates", '', 'file'),
    'etcd-certfile': flag.string('client certificate shown to etcd', '', 'file'),
    'etcd-keyfile': flag.string('its key', '', 'file'),
    'encryption-provider-config': flag.string(
        'EncryptionConfiguration: what is encrypted in the store; default: Secrets, with a key made under --config-dir',
        '',
        'file',
    ),
    'encryption-provider-config-automatic-reload': flag.boolean(
        'take over changes of --encryption-provider-config while running',
    ),
    'etcd-prefix': flag.string('where everything is kept in etcd', '/registry', 'path'),
} as const;

export const apiserverFlags = {
    ...commonFlags,
    ...sharedApiserverFlags,
    'node-ip': flag.string('address of this machine, for the serving certificate', '', 'address'),
    'tls-cert-file': flag.string('serving certificate; default: made under --config-dir', '', 'file'),
    'tls-private-key-file': flag.string('its key', '', 'file'),
    'client-ca-file': flag.string('CAs of client certificates', '', 'file'),
    'service-account-signing-key-file': flag.string('private key for service-account tokens', '', 'file'),
    'kubelet-certificate-authority': flag.string('CA of kubelet serving certificates', '', 'file'),
    'kubelet-client-certificate': flag.string('certificate shown to kubelets', '', 'file'),
    'kubelet-client-key': flag.string('its key', '', 'file'),
    ...authFlags,
    'proxy-client-cert-file': flag.string('certificate shown to extension API servers', '', 'file'),
    'proxy-client-key-file': flag.string('its key', '', 'file'),
} as const;
