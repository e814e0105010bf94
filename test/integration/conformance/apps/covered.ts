import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'sets.suite.ts': [
        'ControllerRevision, resource lifecycle',
        'DaemonSet, status sub-resource',
        'StatefulSet resource Replica scaling',
        'StatefulSet, list, patch and delete a collection of StatefulSets',
        'StatefulSet, status sub-resource',
    ],
    '../../cron-job-controller.test.ts': [
        'CronJob ForbidConcurrent',
        'CronJob ReplaceConcurrent',
        'CronJob AllowConcurrent',
    ],
    '../../daemon-set-controller.test.ts': [
        'DaemonSet-FailedPodCreation',
        'DaemonSet-Rollback',
        'DaemonSet-NodeSelection',
        'DaemonSet-Creation',
        'DaemonSet-RollingUpdate',
    ],
    'deployments.suite.ts': [
        'Deployment, completes the scaling of a Deployment subresource',
        'Deployment RollingUpdate',
        'Deployment, completes the lifecycle of a Deployment',
        'Deployment, status sub-resource',
    ],
    '../../workload-controllers.test.ts': ['Deployment Proportional Scaling'],
    'troubled.suite.ts': [
        'Deployment Rollover',
        'Ensure pod failure policy allows to ignore failure matching on the DisruptionTarget condition',
        'Mark indexes as failed when the FailIndex action is matched in podFailurePolicy',
        'StatefulSet, Scaling',
    ],
    'disruption.suite.ts': [
        'PodDisruptionBudget: block an eviction until the PDB is updated to allow it',
        'PodDisruptionBudget: update and patch status',
    ],
    'jobs.suite.ts': [
        'Jobs, orphan pods, re-adoption',
        'Jobs, apply changes to status',
        'Jobs, active pods, graceful termination',
        'Jobs, manage lifecycle',
    ],
    '../../job-controllers.test.ts': [
        'Verify Pod Failure policy allows to fail job early on exit code.',
        'Ensure that all indexes are executed for an indexed job with backoffLimitPerIndex despite some failing',
        'Ensure that job with successPolicy succeededIndexes rule succeeded even when some indexes remain pending',
    ],
    'replicas.suite.ts': [
        'ReplicaSet, is created, Replaced and Patched',
        'ReplicaSet, completes the scaling of a ReplicaSet subresource',
        'Replica Set, adopt matching pods and release non matching pods',
        'ReplicaSet, list and delete a collection of ReplicaSets',
        'Replication Controller, adopt matching pods',
        'Replication Controller, release pods',
        'Replication Controller, check for issues like exceeding allocated quota',
        'Replication Controller, lifecycle',
    ],
    '../../stateful-set-controller.test.ts': [
        'StatefulSet, Burst Scaling',
        'StatefulSet, Recreate Failed Pod',
        'StatefulSet, Rolling Update with Partition',
        'StatefulSet, Rolling Update',
    ],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: the containers are started again in their pod': ['Jobs, completion after task failure'],
    'needs a kubelet: the pod is asked over the network': ['Replica Set, run basic image'],
};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
