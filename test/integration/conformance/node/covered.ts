import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'objects.suite.ts': {
        'a ConfigMap is created, patched, found in all namespaces by its labels, and goes as a collection': [
            'ConfigMap lifecycle',
            'ConfigMap Update',
        ],
        'a Node is created, read, patched, listed, updated, given a status, and deleted': [
            'Node, resource lifecycle',
        ],
        'PodTemplates are created, patched, listed, replaced and deleted': [
            'PodTemplate, delete a collection',
            'PodTemplate, replace',
            'PodTemplate lifecycle',
        ],
        'RuntimeClasses are created, read, changed and deleted': ['RuntimeClass API'],
        'a Secret takes no empty key': ['Secrets, with empty-key'],
        'a Secret is patched, also in what it holds, and goes by its label': ['Secret patching'],
    },
    'pods.suite.ts': {
        'generation counts hundreds of changes, and who runs the pod can say which one it has seen': [
            'Pods Generation, 500 updates',
        ],
        'generation starts at 1 and moves with each change of spec, nothing else': [
            'Pods Generation, updates',
        ],
        'a pod says how well its resources are guaranteed': ['Pods, QOS'],
        'a pod is submitted, watched, found by its label, and deleted with grace': ['Pods, lifecycle'],
        'pods are deleted as a collection': ['Pods, delete a collection'],
        'the status of a pod is patched and replaced, and the pod with it': [
            'Pods, patching status',
            'Pods, completes the lifecycle of a Pod and the PodStatus',
        ],
        'a pod that names a RuntimeClass gets its overhead, and is refused where there is none': [
            'Pod with the deleted RuntimeClass is rejected.',
            'Pod with the non-existing RuntimeClass is rejected.',
        ],
        'a pod with a sysctl that is no name is refused': ['Sysctls, reject invalid sysctls'],
    },
    '../scheduling/placement.suite.ts': {
        'a pod goes to a node that its RuntimeClass allows, and its overhead counts there': [
            'RuntimeClass Overhead field must be respected.',
            'Can schedule a pod requesting existing RuntimeClass.',
        ],
    },
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

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
