/**
 * The rule set of this node as data: per table, chain names to rules (without `-A chain`). Names and
 * structure are kube-proxy's, so that what people know of `iptables-save` output stays true:
 *
 *     nat  PREROUTING, OUTPUT -> KUBE-SERVICES -> KUBE-SVC-… (one a port) -> KUBE-SEP-… (one an endpoint) -> DNAT
 *                                KUBE-SERVICES -> KUBE-EXT-… (outside addresses) -> KUBE-SVC-… | KUBE-SVL-… (local)
 *                                KUBE-SERVICES -> KUBE-NODEPORTS -> KUBE-EXT-…
 *          POSTROUTING        -> KUBE-POSTROUTING: masquerades what KUBE-MARK-MASQ has marked
 *     filter INPUT, FORWARD, OUTPUT -> KUBE-SERVICES, KUBE-EXTERNAL-SERVICES: rejects where no endpoint is
 */
export interface RuleSet {
    nat: Chains;
    filter: Chains;
}
export type Table = keyof RuleSet;
export type Chains = Map<string, string[]>;

/** Adds `from` to `into`: rules go to the end of shared chains, a chain that is new is taken as it is. */
export function merge(into: RuleSet, from: RuleSet): void {
    for (const table of ['nat', 'filter'] as const) {
        const chains = into[table];
        for (const [name, rules] of from[table]) {
            // Shared chains were there before; a port's own are taken as they are and never written to again.
            const shared = chains.get(name);
            if (shared === undefined) chains.set(name, rules);
            else for (const rule of rules) shared.push(rule);
        }
    }
}

/** The rules of a chain, which is made when it is missing. */
export function chain(chains: Chains, name: string): string[] {
    let rules = chains.get(name);
    if (rules === undefined) chains.set(name, (rules = []));
    return rules;
}
