import type { V1Pod } from '../../../api/meta/object.ts';
import { isHostNetwork, podNamespace } from '../pod/pod.ts';

/** What glibc accepts; more would be dropped silently. */
const nameserversMax = 3;
const searchesMax = 32;
const searchCharsMax = 2048;

export interface DnsConfig {
    nameservers: string[];
    searches: string[];
    options: string[];
}

export interface ClusterDns {
    servers: readonly string[];
    domain: string;
}

export function parseResolvConf(text: string): DnsConfig {
    const config: DnsConfig = { nameservers: [], searches: [], options: [] };
    for (const line of text.split('\n')) {
        const [keyword, ...fields] = line.trim().split(/\s+/);
        if (keyword === 'nameserver' && fields[0] !== undefined) config.nameservers.push(fields[0]);
        else if (keyword === 'search') config.searches = fields.map(withoutLastDot);
        else if (keyword === 'options') config.options = fields;
    }
    return config;
}

function withoutLastDot(domain: string): string {
    return domain.length > 1 && domain.endsWith('.') ? domain.slice(0, -1) : domain;
}

/** The pod's DNS settings by `dnsPolicy` and `dnsConfig` (upstream: pkg/kubelet/network/dns). */
export function podDns(pod: V1Pod, host: DnsConfig, cluster: ClusterDns): DnsConfig {
    const base = policyDns(pod, host, cluster);
    const extra = pod.spec?.dnsConfig;
    if (extra === undefined) return limited(base);
    return limited({
        nameservers: unique([...base.nameservers, ...(extra.nameservers ?? [])]),
        searches: unique([...base.searches, ...(extra.searches ?? [])]),
        options: mergeOptions(
            base.options,
            (extra.options ?? []).map(({ name, value }) =>
                value === undefined ? (name ?? '') : `${name ?? ''}:${value}`,
            ),
        ),
    });
}

function policyDns(pod: V1Pod, host: DnsConfig, cluster: ClusterDns): DnsConfig {
    const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
    if (policy === 'None') return { nameservers: [], searches: [], options: [] };
    const wantsCluster =
        policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
    if (!wantsCluster || cluster.servers.length === 0) return host;
    const { domain } = cluster;
    const own = domain === '' ? [] : [`${podNamespace(pod)}.svc.${domain}`, `svc.${domain}`, domain];
    return {
        nameservers: [...cluster.servers],
        searches: unique([...own, ...host.searches]),
        options: ['ndots:5'],
    };
}

/** Options of `extra` replace those of the same name. */
function mergeOptions(base: readonly string[], extra: readonly string[]): string[] {
    const name = (option: string) => option.split(':')[0] ?? option;
    const merged = new Map(base.map((option) => [name(option), option]));
    for (const option of extra) merged.set(name(option), option);
    return [...merged.values()];
}

function unique(values: readonly string[]): string[] {
    return [...new Set(values)];
}

function limited({ nameservers, searches, options }: DnsConfig): DnsConfig {
    const kept: string[] = [];
    let chars = 0;
    for (const search of searches.slice(0, searchesMax)) {
        chars += search.length + 1;
        if (chars > searchCharsMax) break;
        kept.push(search);
    }
    return { nameservers: nameservers.slice(0, nameserversMax), searches: kept, options };
}

export function formatResolvConf({ nameservers, searches, options }: DnsConfig): string {
    const lines = searches.length === 0 ? [] : [`search ${searches.join(' ')}`];
    lines.push(...nameservers.map((server) => `nameserver ${server}`));
    if (options.length > 0) lines.push(`options ${options.join(' ')}`);
    return `${lines.join('\n')}\n`;
}
