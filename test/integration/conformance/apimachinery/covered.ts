import { type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'admission-policy.suite.ts': {
        'change a Deployment': ['MutatingAdmissionPolicy'],
        'support all operations': ['MutatingAdmissionPolicy API', 'ValidatingAdmissionPolicy API'],
        'hold for Deployments in the namespaces of their binding, and for nothing else': [
            'ValidatingAdmissionPolicy',
        ],
        'have bindings that support all operations': ['ValidatingadmissionPolicyBinding API'],
    },
    'aggregated-discovery.suite.ts': {
        'has the built-in resources': ['Aggregated Discovery Endpoint Accept Headers'],
        'tells clients of custom resources, who ask for it and accept the older documents': [
            'Aggregated Discovery Endpoint Accept Headers CRDs',
        ],
        'has custom resources soon after their definition, and not after it': [
            'Aggregated Discovery Interface CRDs',
        ],
    },
    'chunking.suite.ts': {
        'return pages in order, all of one version, with the number of objects that are left': [
            'API Chunking, server should return chunks of results for list calls',
        ],
    },
    'crd-conversion-webhook.suite.ts': {
        'shows an object of one version in the other': [
            'Custom Resource Definition Conversion Webhook, conversion custom resource',
        ],
        'lists objects that are stored in different versions, in either version': [
            'Custom Resource Definition Conversion Webhook, convert mixed version list',
        ],
    },
    'crd-publish-openapi.suite.ts': {
        'of served versions only': ['Custom Resource OpenAPI Publish, stop serving version'],
        'of different groups': ['Custom Resource OpenAPI Publish, varying groups'],
        'of several versions, also when one is renamed': [
            'Custom Resource OpenAPI Publish, varying versions',
        ],
        'take unknown fields where the schema keeps them at its root': [
            'Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields at root',
        ],
        'take unknown fields where the schema keeps them inside': [
            'Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in embedded object',
        ],
    },
    'crd-selectable-fields.suite.ts': {
        'select what is listed, watched and followed by clients, in each version by its own fields': [
            'custom-resource-definition-field-selectors-list-watch-register-informers',
        ],
    },
    'crd-watch.suite.ts': {
        'show custom resources that are added, changed and deleted': ['Custom Resource Definition, watch'],
    },
    'custom-resource-definition.suite.ts': {
        'are created, used and deleted': ['Custom Resource Definition, create'],
        'are in the discovery documents': ['Custom Resource Definition, discovery'],
    },
    'discovery.suite.ts': {
        'names a preferred version of each group that is one of its versions': [
            'Discovery, confirm the PreferredVersion for each api group',
        ],
        'lists $resource in $version of the group "$group"': [
            'Discovery, confirm the groupVerion and a resourcefrom each apiGroup',
        ],
    },
    'field-validation.suite.ts': {
        'is refused for a field that comes twice, also where unknown fields are kept': [
            'Server side field validation, CR duplicates',
        ],
        'is refused for fields that nobody knows and for fields that come twice': [
            'Server side field validation, typed object',
        ],
        'is refused for unknown fields of its metadata': [
            'Server side field validation, typed unknown metadata',
        ],
        'is refused for a field that its schema has not': [
            'Server side field validation, unknown fields CR fails validation',
        ],
        'is created with any field where there is no schema': [
            'Server side field validation, unknown fields CR no validation schema',
        ],
        'is refused for unknown fields of its metadata and of the metadata of an object inside it': [
            'Server side field validation, unknown metadata',
        ],
        'is created when it is as its schema says': [
            'Server side field validation, valid CR with validation schema',
        ],
    },
    'flow-control.suite.ts': {
        'has priority levels': ['Priority and Fairness PriorityLevelConfiguration API'],
    },
    'garbage-collector.suite.ts': {
        'leaves the replica set of a Deployment that is to orphan it, with its pods': [
            'Garbage Collector, delete deployment, propagation policy orphan',
        ],
        'keeps a replication controller until its pods are gone when it is deleted in the foreground': [
            'Garbage Collector, delete replication controller, after owned pods',
        ],
        'deletes the pods of a replication controller that is deleted in the background': [
            'Garbage Collector, delete replication controller, propagation policy background',
        ],
        'is not blocked by pods that own each other in a circle': ['Garbage Collector, dependency cycle'],
        'spares pods that have another owner than the one that waits for them': [
            'Garbage Collector, multiple owners',
        ],
    },
    'namespace.suite.ts': {
        'have a status that is read, patched and updated': ['Namespace, apply changes to a namespace status'],
        'are given a finalizer, and lose it': ['Namespace, apply finalizer to a namespace'],
        'are updated': ['Namespace, apply update to a namespace'],
        'delete their pods before anything else': ['Ordered Namespace Deletion'],
        'take their pods with them': ['namespace-deletion-removes-pods'],
        'take their Services with them': ['namespace-deletion-removes-services'],
    },
    'resource-quota.suite.ts': {
        'has a status of its own, which changes its spec in nothing and is set right again': [
            'ResourceQuota, apply changes to a ResourceQuota status',
        ],
        'follows the life of a ConfigMap': ['ResourceQuota, object count quota, configmap'],
        'follows the life of a pod, and refuses what exceeds it': ['ResourceQuota, object count quota, pod'],
        'follows the life of a replication controller': [
            'ResourceQuota, object count quota, replicationController',
        ],
        'says at once what is used': ['ResourceQuota, object count quota, resourcequotas'],
        'follows the life of a Secret': ['ResourceQuota, object count quota, secret'],
        'follows the life of Services and refuses a node port too many': [
            'ResourceQuota, object count quota, service',
        ],
        'counts pods that ask for nothing, or those that ask for something': [
            'ResourceQuota, quota scope, BestEffort and NotBestEffort scope',
        ],
        'counts pods that end by a deadline, or those that do not': [
            'ResourceQuota, quota scope, Terminating and NotTerminating scope',
        ],
        'is updated without naming a version, and deleted': ['ResourceQuota, update and delete'],
    },
    'table-conversion.suite.ts': {
        'is refused with 406 for what is no stored object': ['API metadata HTTP return'],
    },
    'watch.suite.ts': {
        'can be closed and go on after the last event that was seen': [
            'watch-configmaps-closed-and-restarted',
        ],
        'from a resource version of the past show what happened after it': [
            'watch-configmaps-from-resource-version',
        ],
        'see a deletion when an object leaves the selector, and an addition when it comes back': [
            'watch-configmaps-label-changed',
        ],
        'receive the same events in the same order, from whichever event they start': ['watch-consistency'],
    },
    'webhook.suite.ts': {
        'deny pods and config maps that are created or become as they must not be': [
            'Admission webhook, deny create',
        ],
        'deny that they are created, updated and deleted': [
            'Admission webhook, deny custom resource create and delete',
        ],
        'deny definitions of them': ['Admission webhook, deny custom resource definition'],
        'are in the discovery documents': ['Admission webhook, discovery document'],
        'fail requests when they cannot be called and their policy says so': [
            'Admission webhook, fail closed',
        ],
        'are given as long as they say, and then fail or are ignored': ['Admission webhook, honor timeout'],
        'are listed by label and deleted as a collection': ['Admission webhook, list validating webhooks'],
        'change them': ['Admission webhook, mutate custom resource'],
        'change them also when another version is stored than before': [
            'Admission webhook, mutate custom resource with different stored version',
        ],
        'change pods, whose new parts are then defaulted': ['Admission webhook, mutation with defaulting'],
        'change config maps one after the other': ['Admission webhook, ordered mutation'],
        'change what the configuration says now': ['Admission webhook, update mutating webhook'],
        'deny what the configuration says now': ['Admission webhook, update validating webhook'],
        'are stored and updated: %s': [
            'Mutating Admission webhook, create and update mutating webhook configuration with matchConditions',
            'Validating Admission webhook, create and update validating webhook configuration with matchConditions',
        ],
        'are called for all but what the conditions leave out': [
            'Mutating Admission webhook, mutating webhook excluding object with specific name',
        ],
        'are refused when they do not compile: %s': [
            'Validing Admission webhook, reject validating webhook configurations with invalid matchConditions',
        ],
    },
};

const coverage: Coverage = { covered: tested(files), elsewhere: {}, unbuilt: {} };

export default coverage;
