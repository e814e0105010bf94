/** Flags that all masters of a cluster must have the same, by their names. */
export const sharedSettings = [
    'service-cluster-ip-range',
    'service-node-port-range',
    'cluster-cidr',
    'cluster-domain',
    'service-account-issuer',
] as const;

export type ClusterSettings = Record<(typeof sharedSettings)[number], string>;

export function settingsOf(flags: ClusterSettings): ClusterSettings {
    return Object.fromEntries(sharedSettings.map((name) => [name, flags[name]])) as ClusterSettings;
}
