import type { V1Pod } from '../../../api/meta/object.ts';
import { podName, podNamespace } from './pod.ts';

/** HOST_NAME_MAX of Linux, minus the terminating zero. */
const hostnameMax = 63;

export interface PodHostname {
    /** What `hostname` says in the pod. */
    hostname: string;
    /** "hostname.subdomain.namespace.svc.domain"; empty without a subdomain. */
    domainName: string;
}

export function podHostname(pod: V1Pod, clusterDomain: string): PodHostname {
    const { hostname: wanted, subdomain, hostnameOverride, setHostnameAsFQDN } = pod.spec ?? {};
    if (hostnameOverride) return { hostname: hostnameOverride, domainName: '' };
    const hostname = wanted
        ? wanted
        : podName(pod)
              .slice(0, hostnameMax)
              .replace(/[-.]+$/, '');
    const domain = clusterDomain === '' ? '' : `.${clusterDomain}`;
    const domainName = subdomain ? `${hostname}.${subdomain}.${podNamespace(pod)}.svc${domain}` : '';
    return { hostname: setHostnameAsFQDN === true && domainName !== '' ? domainName : hostname, domainName };
}
