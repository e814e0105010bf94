import type { V1HostAlias } from '../../../api/meta/object.ts';

export interface HostsFileInput {
    podIps: readonly string[];
    hostname: string;
    /** "hostname.subdomain.namespace.svc.domain"; empty when the pod has no subdomain. */
    domainName: string;
    aliases: readonly V1HostAlias[];
}

const header = '# Kubernetes-managed hosts file.\n';
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).\n';

function aliasLines(aliases: readonly V1HostAlias[]): string {
    if (aliases.length === 0) return '';
    const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`);
    return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

/** /etc/hosts of a pod with its own network. */
export function managedHostsFile({ podIps, hostname, domainName, aliases }: HostsFileInput): string {
    const own = podIps.map((ip) =>
        domainName === '' ? `${ip}\t${hostname}\n` : `${ip}\t${domainName}\t${hostname}\n`,
    );
    return (
        header +
        '127.0.0.1\tlocalhost\n' +
        '::1\tlocalhost ip6-localhost ip6-loopback\n' +
        'fe00::\tip6-localnet\n' +
        'fe00::\tip6-mcastprefix\n' +
        'fe00::1\tip6-allnodes\n' +
        'fe00::2\tip6-allrouters\n' +
        own.join('') +
        aliasLines(aliases)
    );
}

/** /etc/hosts of a pod in the host's network: the host's own, and the aliases. */
export function hostNetworkHostsFile(hostFile: string, aliases: readonly V1HostAlias[]): string {
    return `${hostNetworkHeader}${hostFile}${aliasLines(aliases)}`;
}
