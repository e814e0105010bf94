/** Types of which only one field may be set, and the field that says which one; by published name. */
const discriminated = (discriminator: string, ...fields: string[]) => [
    { discriminator, 'fields-to-discriminateBy': byField(fields) },
];

/** Upstream's discriminator values are the fields' names in camel case. */
function byField(fields: readonly string[]): Record<string, string> {
    return Object.fromEntries(fields.map((field) => [field, field.charAt(0).toUpperCase() + field.slice(1)]));
}

export const unions: Readonly<Record<string, unknown>> = {
    'io.k8s.api.core.v1.AppArmorProfile': discriminated('type', 'localhostProfile'),
    'io.k8s.api.core.v1.PodSchedulingGroup': [{ 'fields-to-discriminateBy': byField(['podGroupName']) }],
    'io.k8s.api.core.v1.SeccompProfile': discriminated('type', 'localhostProfile'),
    'io.k8s.api.flowcontrol.v1.LimitResponse': discriminated('type', 'queuing'),
    'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec': discriminated('type', 'exempt', 'limited'),
    'io.k8s.api.flowcontrol.v1.Subject': discriminated('kind', 'group', 'serviceAccount', 'user'),
};
