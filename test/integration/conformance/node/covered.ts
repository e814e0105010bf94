import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'objects.suite.ts': [
        'ConfigMap lifecycle',
        'ConfigMap Update',
        'Node, resource lifecycle',
        'PodTemplate, delete a collection',
        'PodTemplate, replace',
        'PodTemplate lifecycle',
        'RuntimeClass API',
        'Secrets, with empty-key',
        'Secret patching',
    ],
    'pods.suite.ts': [
        'Pods Generation, 500 updates',
        'Pods Generation, updates',
        'Pods, QOS',
        'Pods, lifecycle',
        'Pods, delete a collection',
        'Pods, patching status',
        'Pods, completes the lifecycle of a Pod and the PodStatus',
        'Pod with the deleted RuntimeClass is rejected.',
        'Pod with the non-existing RuntimeClass is rejected.',
        'Sysctls, reject invalid sysctls',
    ],
    '../scheduling/placement.suite.ts': [
        'RuntimeClass Overhead field must be respected.',
        'Can schedule a pod requesting existing RuntimeClass.',
    ],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: what runs in the pod is looked at': [
        'ConfigMap, from environment field',
        'Pod Lifecycle, post start http hook',
        'Pod Lifecycle, prestop exec hook',
        'Container Runtime, TerminationMessage, from file of succeeding container',
        "Container Runtime, TerminationMessage, from container's log output of failing container",
        'Container Runtime, TerminationMessagePath, non-root user and non-default path',
        'Container Runtime, Restart Policy, Pod Phases',
        'Containers, with arguments',
        'Containers, with command',
        'Containers, without command and arguments',
        'DownwardAPI, environment for CPU and memory limits and requests',
        'DownwardAPI, environment for default CPU and memory limits and requests',
        'DownwardAPI, environment for host ip',
        'DownwardAPI, environment for hostIPs',
        'DownwardAPI, environment for name, namespace and ip',
        'Image Volume',
        'init-container-starts-app-restartalways-pod',
        'init-container-starts-app-restartnever-pod',
        'init-container-fails-stops-app-restartnever-pod',
        'init-container-fails-stops-app-restartalways-pod',
        'Kubelet, log output, default',
        'Kubelet, failed pod, delete',
        'Kubelet, failed pod, terminated reason',
        'Kubelet, pod with read only root file system',
        'Kubelet, hostAliases',
        'Kubelet, managed etc hosts',
        'Pods, service environment variables',
        'Pods, assigned hostip',
        'Pods, prestop hook',
        'Pod liveness probe, using local file, no restart',
        'Pod liveness probe, using tcp socket, no restart',
        'Pod liveness probe, using http endpoint, restart',
        'Pod liveness probe, using grpc call, failure',
        'Pod readiness probe, failure',
        'Secrets, pod environment from source',
        'Security Context, runAsUser=65534',
        'Security Context, privileged=false.',
        'Security Context, test RunAsGroup at pod level',
        'Security Context, allowPrivilegeEscalation=false.',
        'Sysctl, test sysctls',
        'Environment variables, command argument expansion',
        'Environment variables, command expansion',
        'VolumeSubpathEnvExpansion, subpath expansion',
        'VolumeSubpathEnvExpansion, subpath with absolute path',
        'VolumeSubpathEnvExpansion, subpath with backticks',
        'VolumeSubpathEnvExpansion, subpath test writes',
        'VolumeSubpathEnvExpansion, subpath ready from failed state',
    ],
    'needs a kubelet: the container must run; the subresource is tested in pods.suite.ts': [
        'Ephemeral Container, update ephemeral containers',
        'Ephemeral Container Creation',
    ],
    'needs a kubelet: the resize must be carried out; the subresource is tested in pods.suite.ts': [
        'In-place Pod Resize, burtable pod with multiple containers and various operations',
        'In-place Pod Resize, burstable pod resized with equivalents',
        'In-place Pod Resize, guaranteed pods with multiple containers, net decrease',
        'In-place Pod Resize, read and replace endpoints',
    ],
    'needs a kubelet, which stops the pod at its deadline': ['Pods, ActiveDeadlineSeconds'],
    'needs a kubelet: the connection ends in a container': [
        'Pods, remote command execution over websocket',
        'Pods, logs from websockets',
    ],
};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
