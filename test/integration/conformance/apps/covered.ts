import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'sets.suite.ts': {
        'the revisions of a DaemonSet are objects that can be patched, made, updated and deleted': [
            'ControllerRevision, resource lifecycle',
        ],
        'the status of a DaemonSet is read, updated and patched': ['DaemonSet, status sub-resource'],
        'a StatefulSet has a scale': ['StatefulSet resource Replica scaling'],
        'StatefulSets are listed, patched and go as a collection': [
            'StatefulSet, list, patch and delete a collection of StatefulSets',
        ],
        'the status of a StatefulSet is read, updated and patched': ['StatefulSet, status sub-resource'],
    },
    '../../cron-job-controller.test.ts': {
        'with Forbid wait for the job that runs, with Replace stop it': [
            'CronJob ForbidConcurrent',
            'CronJob ReplaceConcurrent',
        ],
        'with Allow run several jobs at the same time': ['CronJob AllowConcurrent'],
    },
    '../../daemon-set-controller.test.ts': {
        'replace a failed pod, and say so': ['DaemonSet-FailedPodCreation'],
        'roll one node after the other, and roll back to a revision': [
            'DaemonSet-Rollback',
            'DaemonSet-RollingUpdate',
        ],
        'follow nodes that come, are labelled and are tainted': ['DaemonSet-NodeSelection'],
        'run one pod on each node that tolerates and matches, and none elsewhere': ['DaemonSet-Creation'],
    },
    'deployments.suite.ts': {
        'its scale is read, updated and patched': [
            'Deployment, completes the scaling of a Deployment subresource',
        ],
        'it adopts a ReplicaSet that matches, and takes its template over': ['Deployment RollingUpdate'],
        'a Deployment is created, patched, scaled, given a status and deleted, as a watch shows': [
            'Deployment, completes the lifecycle of a Deployment',
        ],
        'its status is read, updated and patched': ['Deployment, status sub-resource'],
    },
    '../../workload-controllers.test.ts': {
        'time out when their pods do not come up, and scale in proportion meanwhile': [
            'Deployment Proportional Scaling',
        ],
    },
    'troubled.suite.ts': {
        'a rollout whose pods never come up is left for the next one': ['Deployment Rollover'],
        'failures that a disruption caused are not counted where the policy says so': [
            'Ensure pod failure policy allows to ignore failure matching on the DisruptionTarget condition',
        ],
        'an index fails at once where the policy says so, whatever its limit': [
            'Mark indexes as failed when the FailIndex action is matched in podFailurePolicy',
        ],
        'a StatefulSet waits for a pod that is not ready before it scales on, in both directions': [
            'StatefulSet, Scaling',
        ],
    },
    'disruption.suite.ts': {
        'an eviction is refused until the budget allows it': [
            'PodDisruptionBudget: block an eviction until the PDB is updated to allow it',
        ],
        'the status of a budget is updated and patched': ['PodDisruptionBudget: update and patch status'],
    },
    'jobs.suite.ts': {
        'a Job adopts a pod again that lost its owner, and releases one whose labels change': [
            'Jobs, orphan pods, re-adoption',
        ],
        'the status of a Job is patched, replaced and read': ['Jobs, apply changes to status'],
        'a Job that is deleted in the foreground goes after its pods': [
            'Jobs, active pods, graceful termination',
        ],
        'a suspended Job is patched, replaced, found by its label, and goes as a collection': [
            'Jobs, manage lifecycle',
        ],
    },
    '../../job-controllers.test.ts': {
        'obey their pod failure policy': ['Verify Pod Failure policy allows to fail job early on exit code.'],
        'with a limit per index fail only the index, and the job in the end': [
            'Ensure that all indexes are executed for an indexed job with backoffLimitPerIndex despite some failing',
        ],
        'succeed early when the success policy is met': [
            'Ensure that job with successPolicy succeededIndexes rule succeeded even when some indexes remain pending',
        ],
    },
    'replicas.suite.ts': {
        'a ReplicaSet is scaled, patched and updated': [
            'ReplicaSet, is created, Replaced and Patched',
            'ReplicaSet, completes the scaling of a ReplicaSet subresource',
        ],
        'a $kind adopts pods that match and releases those that do not any more': [
            'Replica Set, adopt matching pods and release non matching pods',
            'Replication Controller, adopt matching pods',
            'Replication Controller, release pods',
        ],
        'ReplicaSets go as a collection': ['ReplicaSet, list and delete a collection of ReplicaSets'],
        '$plural say that a quota keeps them from making pods, and that it does not any more': [
            'Replication Controller, check for issues like exceeding allocated quota',
        ],
        'a ReplicationController is created, patched, given a status, scaled and deleted, as a watch shows': [
            'Replication Controller, lifecycle',
        ],
    },
    '../../stateful-set-controller.test.ts': {
        'with Parallel start and stop all at once': ['StatefulSet, Burst Scaling'],
        'recreate a failed pod': ['StatefulSet, Recreate Failed Pod'],
        'update from the highest ordinal down to the partition, and roll back': [
            'StatefulSet, Rolling Update with Partition',
            'StatefulSet, Rolling Update',
        ],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: the containers are started again in their pod': ['Jobs, completion after task failure'],
    'needs a kubelet: the pod is asked over the network': ['Replica Set, run basic image'],
};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
