import { createHash } from 'node:crypto';
import { chain, merge, type RuleSet, type Table } from './rule-set.ts';
import type { Endpoint, ServicePort } from './service-ports.ts';

/** A jump from a built-in chain into ours. */
export interface Jump {
    table: Table;
    from: string;
    rule: string;
}

const masqueradeMark = '0x4000/0x4000';

export const jumps: readonly Jump[] = [
    ...['PREROUTING', 'OUTPUT'].map((from): Jump => ({
        table: 'nat',
        from,
        rule: `${comment('kubernetes service portals')} -j KUBE-SERVICES`,
    })),
    {
        table: 'nat',
        from: 'POSTROUTING',
        rule: `${comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING`,
    },
    ...['INPUT', 'FORWARD', 'OUTPUT'].map((from): Jump => ({
        table: 'filter',
        from,
        rule: `-m conntrack --ctstate NEW ${comment('kubernetes service portals')} -j KUBE-SERVICES`,
    })),
    ...['INPUT', 'FORWARD'].map((from): Jump => ({
        table: 'filter',
        from,
        rule: `-m conntrack --ctstate NEW ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`,
    })),
    { table: 'filter', from: 'FORWARD', rule: `${comment('kubernetes forwarding rules')} -j KUBE-FORWARD` },
    ...['INPUT', 'FORWARD', 'OUTPUT'].map((from): Jump => ({
        table: 'filter',
        from,
        rule: `-m conntrack --ctstate NEW ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`,
    })),
];

export interface RuleOptions {
    /** Pod network; empty when unknown, then only hairpin and outside traffic is masqueraded. */
    clusterCidr: string;
    masqueradeAll: boolean;
    /** NodePorts only on these networks; empty for all local addresses. */
    nodePortAddresses: readonly string[];
}

/** The complete desired rules for these ports. Deterministic: the same input gives the same text. */
export function buildRules(ports: readonly ServicePort[], options: RuleOptions): RuleSet {
    const rules: RuleSet = {
        nat: new Map([
            ['KUBE-SERVICES', []],
            ['KUBE-NODEPORTS', []],
            ['KUBE-MARK-MASQ', ['-j MARK --or-mark 0x4000']],
            [
                'KUBE-POSTROUTING',
                [
                    `-m mark ! --mark ${masqueradeMark} -j RETURN`,
                    '-j MARK --xor-mark 0x4000',
                    `${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
                ],
            ],
        ]),
        filter: new Map([
            ['KUBE-SERVICES', []],
            ['KUBE-EXTERNAL-SERVICES', []],
            ['KUBE-PROXY-FIREWALL', []],
            [
                'KUBE-FORWARD',
                [
                    '-m conntrack --ctstate INVALID -j DROP',
                    `${comment('kubernetes forwarding rules')} -m mark --mark ${masqueradeMark} -j ACCEPT`,
                    `${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
                ],
            ],
        ]),
    };
    for (const port of ports) merge(rules, rulesOf(port, options));
    const destinations =
        options.nodePortAddresses.length === 0
            ? ['-m addrtype --dst-type LOCAL']
            : options.nodePortAddresses.map((cidr) => `-d ${cidr} -m addrtype --dst-type LOCAL`);
    for (const destination of destinations)
        chain(rules.nat, 'KUBE-SERVICES').push(
            `${comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')} ${destination} -j KUBE-NODEPORTS`,
        );
    return rules;
}

/** Rules of a port that was seen before: with thousands of Services all but a few are the same each time. */
const known = new WeakMap<ServicePort, { options: RuleOptions; rules: RuleSet }>();

/** What one port adds: chains of its own, and its rules in shared ones. Relies on ports never being changed. */
function rulesOf(port: ServicePort, options: RuleOptions): RuleSet {
    const before = known.get(port);
    if (before?.options === options) return before.rules;
    const rules: RuleSet = { nat: new Map(), filter: new Map() };
    addServicePort(rules, port, options);
    known.set(port, { options, rules });
    return rules;
}

function addServicePort(rules: RuleSet, port: ServicePort, options: RuleOptions): void {
    const outside = [
        ...port.externalIps.map((ip) => ({ ip, what: 'external IP' })),
        ...port.loadBalancerIps.map((ip) => ({ ip, what: 'loadbalancer IP' })),
    ];
    const hasOutside = outside.length > 0 || port.nodePort > 0;
    if (port.endpoints.length === 0) {
        reject(rules, port, outside, 'has no endpoints');
        return;
    }
    const local = port.endpoints.filter((endpoint) => endpoint.local);
    const [svc, svl, ext] = ['SVC', 'SVL', 'EXT'].map(
        (kind) => `KUBE-${kind}-${hash(port.name + port.protocol.toLowerCase())}`,
    ) as [string, string, string];
    const services = chain(rules.nat, 'KUBE-SERVICES');

    const needsAll = !port.internalLocal || hasOutside;
    if (needsAll) addBalancer(rules, svc, port, port.endpoints);
    if ((port.internalLocal || (hasOutside && port.externalLocal)) && local.length > 0)
        addBalancer(rules, svl, port, local);

    const target = port.internalLocal ? svl : svc;
    const clusterMatch = matchDestination(port, port.clusterIp);
    if (port.internalLocal && local.length === 0)
        chain(rules.filter, 'KUBE-SERVICES').push(
            `${comment(`${port.name} has no local endpoints`)} ${clusterMatch} -j DROP`,
        );
    else {
        masqueradeForCluster(chain(rules.nat, target), port, clusterMatch, options);
        services.push(`${comment(`${port.name} cluster IP`)} ${clusterMatch} -j ${target}`);
    }
    if (!hasOutside) return;

    rules.nat.set(ext, externalRules(port, { svc, svl, hasLocal: local.length > 0 }, options));
    for (const { ip, what } of outside)
        services.push(`${comment(`${port.name} ${what}`)} ${matchDestination(port, ip)} -j ${ext}`);
    if (port.nodePort > 0)
        chain(rules.nat, 'KUBE-NODEPORTS').push(
            `${comment(port.name)} ${match(port)} --dport ${port.nodePort} -j ${ext}`,
        );
    if (port.sourceRanges.length > 0) addFirewall(rules, port);
    if (port.externalLocal && local.length === 0) dropWithoutLocal(rules, port, outside);
}

/** Traffic to a cluster address from outside the pod network must come back through this node. */
function masqueradeForCluster(
    target: string[],
    port: ServicePort,
    clusterMatch: string,
    options: RuleOptions,
): void {
    if (options.masqueradeAll)
        target.unshift(`${comment(`${port.name} cluster IP`)} ${clusterMatch} -j KUBE-MARK-MASQ`);
    else if (options.clusterCidr !== '')
        target.unshift(
            `${comment(`${port.name} cluster IP`)} ${clusterMatch} ! -s ${options.clusterCidr} -j KUBE-MARK-MASQ`,
        );
}

function externalRules(
    port: ServicePort,
    { svc, svl, hasLocal }: { svc: string; svl: string; hasLocal: boolean },
    options: RuleOptions,
): string[] {
    if (!port.externalLocal)
        return [
            `${comment(`masquerade traffic for ${port.name} external destinations`)} -j KUBE-MARK-MASQ`,
            `-j ${svc}`,
        ];
    const rules: string[] = [];
    if (options.clusterCidr !== '')
        rules.push(
            `${comment(`pod traffic for ${port.name} external destinations`)} -s ${options.clusterCidr} -j ${svc}`,
        );
    rules.push(
        `${comment(`masquerade LOCAL traffic for ${port.name} external destinations`)} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
        `${comment(`route LOCAL traffic for ${port.name} external destinations`)} -m addrtype --src-type LOCAL -j ${svc}`,
    );
    if (hasLocal) rules.push(`-j ${svl}`);
    return rules;
}

/** A chain that picks one endpoint at random, each with the same chance, and its endpoints' chains. */
function addBalancer(rules: RuleSet, name: string, port: ServicePort, endpoints: readonly Endpoint[]): void {
    const balancer: string[] = [];
    const targets = endpoints.map((endpoint) => ({ endpoint, sep: addEndpoint(rules, port, endpoint) }));
    if (port.affinitySeconds > 0)
        for (const { endpoint, sep } of targets)
            balancer.push(
                `${comment(`${port.name} -> ${address(endpoint)}`)} -m recent --name ${sep} --rcheck --seconds ${port.affinitySeconds} --reap -j ${sep}`,
            );
    targets.forEach(({ endpoint, sep }, index) => {
        const left = targets.length - index;
        const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : '';
        balancer.push(`${comment(`${port.name} -> ${address(endpoint)}`)}${chance} -j ${sep}`);
    });
    rules.nat.set(name, balancer);
}

function addEndpoint(rules: RuleSet, port: ServicePort, endpoint: Endpoint): string {
    const sep = `KUBE-SEP-${hash(port.name + port.protocol.toLowerCase() + address(endpoint))}`;
    const remember = port.affinitySeconds > 0 ? ` -m recent --name ${sep} --set` : '';
    rules.nat.set(sep, [
        `${comment(port.name)} -s ${endpoint.ip} -j KUBE-MARK-MASQ`,
        `${comment(port.name)}${remember} ${match(port)} -j DNAT --to-destination ${address(endpoint)}`,
    ]);
    return sep;
}

/** Connections to a Service without endpoints are refused at once instead of timing out. */
function reject(rules: RuleSet, port: ServicePort, outside: readonly { ip: string }[], why: string): void {
    const text = comment(`${port.name} ${why}`);
    chain(rules.filter, 'KUBE-SERVICES').push(`${text} ${matchDestination(port, port.clusterIp)} -j REJECT`);
    const external = chain(rules.filter, 'KUBE-EXTERNAL-SERVICES');
    for (const { ip } of outside) external.push(`${text} ${matchDestination(port, ip)} -j REJECT`);
    if (port.nodePort > 0)
        external.push(
            `${text} -m addrtype --dst-type LOCAL ${match(port)} --dport ${port.nodePort} -j REJECT`,
        );
}

/** With externalTrafficPolicy Local and no endpoint here, outside traffic is dropped: another node has it. */
function dropWithoutLocal(rules: RuleSet, port: ServicePort, outside: readonly { ip: string }[]): void {
    const text = comment(`${port.name} has no local endpoints`);
    const external = chain(rules.filter, 'KUBE-EXTERNAL-SERVICES');
    for (const { ip } of outside) external.push(`${text} ${matchDestination(port, ip)} -j DROP`);
    if (port.nodePort > 0)
        external.push(`${text} -m addrtype --dst-type LOCAL ${match(port)} --dport ${port.nodePort} -j DROP`);
}

/** loadBalancerSourceRanges: what comes to a load balancer's address from elsewhere is dropped. */
function addFirewall(rules: RuleSet, port: ServicePort): void {
    for (const ip of port.loadBalancerIps) {
        const name = `KUBE-FW-${hash(port.name + port.protocol.toLowerCase())}`;
        const target = matchConntrackDestination(port, ip);
        rules.filter.set(name, [
            ...port.sourceRanges.map(
                (range) => `${comment(`${port.name} loadbalancer IP`)} -s ${range} -j RETURN`,
            ),
            `${comment(`other traffic to ${port.name} will be dropped`)} -j DROP`,
        ]);
        chain(rules.filter, 'KUBE-PROXY-FIREWALL').push(
            `${comment(`traffic not accepted by ${name}`)} ${target} -j ${name}`,
        );
    }
}

const address = ({ ip, port }: Endpoint): string => `${ip}:${port}`;
const match = ({ protocol }: ServicePort): string =>
    `-m ${protocol.toLowerCase()} -p ${protocol.toLowerCase()}`;
const matchDestination = (port: ServicePort, ip: string): string =>
    `${match(port)} -d ${ip}/32 --dport ${port.port}`;
/** The filter table sees packets after DNAT: conntrack still knows where they were sent to. */
const matchConntrackDestination = (port: ServicePort, ip: string): string =>
    `-p ${port.protocol.toLowerCase()} -m conntrack --ctorigdst ${ip} --ctorigdstport ${port.port}`;

function comment(text: string): string {
    return `-m comment --comment "${text}"`;
}

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** First 16 characters of the base32 form of SHA-256: chain names are at most 28 characters. */
function hash(text: string): string {
    const digest = createHash('sha256').update(text).digest();
    let out = '';
    for (let bit = 0; bit < 80; bit += 5) {
        const pair = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0);
        out += base32Alphabet[(pair >> (11 - (bit & 7))) & 31] ?? '';
    }
    return out;
}
