/**
 * Go writes numbers and booleans that are not pointers even when they are zero, where JSON would leave
 * them out. Whether a zero was said or is only Go's nothing cannot be seen on the wire; for these fields
 * it is nothing, for all other optional ones it was said ("replicas: 0").
 */
const plainFields = new Set(
    [
        'ObjectMeta: generation',
        'Container: stdin stdinOnce tty',
        'EphemeralContainer: stdin stdinOnce tty',
        'EphemeralContainerCommon: stdin stdinOnce tty',
        'ContainerPort: hostPort',
        'Probe: initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold',
        'VolumeMount: readOnly',
        'PodSpec: hostNetwork hostPID hostIPC',
        'ServicePort: nodePort',
        'ServiceSpec: publishNotReadyAddresses healthCheckNodePort',
        'NodeSpec: unschedulable',
        'DeploymentSpec: minReadySeconds paused',
        'ReplicaSetSpec: minReadySeconds',
        'DaemonSetSpec: minReadySeconds',
        'StatefulSetSpec: minReadySeconds',
        'ReplicationControllerSpec: minReadySeconds',
        'PriorityClass: globalDefault',
        'Event: count deprecatedCount',
        'EventSeries: count',
        'PodExecOptions: stdin stdout stderr tty',
    ].flatMap((text) => {
        const [message = '', names = ''] = text.split(': ');
        return names.split(' ').map((name) => `${message}.${name}`);
    }),
);

/** Optional strings for which the empty string means something. */
const saidWhenEmpty = new Set(['storageClassName', 'volumeAttributesClassName', 'ingressClassName']);

/** True when an optional field's value is what Go writes for nothing. */
export function isNothing(message: string, field: string, value: unknown): boolean {
    if (value === '') return !saidWhenEmpty.has(field);
    if (value !== 0 && value !== false) return false;
    const kind = message.slice(message.lastIndexOf('.') + 1);
    // Figures of a status are not pointers; volume sources say read-only or not.
    if (kind.endsWith('Status')) return true;
    if (field === 'readOnly' && kind.endsWith('Source')) return true;
    return plainFields.has(`${kind}.${field}`);
}
