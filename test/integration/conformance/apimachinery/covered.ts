import type { Coverage } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'admission-policy.suite.ts': [
        'MutatingAdmissionPolicy',
        'MutatingAdmissionPolicy API',
        'ValidatingAdmissionPolicy',
        'ValidatingAdmissionPolicy API',
        'ValidatingadmissionPolicyBinding API',
    ],
    'aggregated-discovery.suite.ts': [
        'Aggregated Discovery Endpoint Accept Headers',
        'Aggregated Discovery Endpoint Accept Headers CRDs',
        'Aggregated Discovery Interface CRDs',
    ],
    'chunking.suite.ts': ['API Chunking, server should return chunks of results for list calls'],
    'crd-conversion-webhook.suite.ts': [
        'Custom Resource Definition Conversion Webhook, conversion custom resource',
        'Custom Resource Definition Conversion Webhook, convert mixed version list',
    ],
    'crd-publish-openapi.suite.ts': [
        'Custom Resource OpenAPI Publish, stop serving version',
        'Custom Resource OpenAPI Publish, varying groups',
        'Custom Resource OpenAPI Publish, varying versions',
        'Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields at root',
        'Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in embedded object',
    ],
    'crd-selectable-fields.suite.ts': [
        'custom-resource-definition-field-selectors-list-watch-register-informers',
    ],
    'crd-watch.suite.ts': ['Custom Resource Definition, watch'],
    'custom-resource-definition.suite.ts': [
        'Custom Resource Definition, create',
        'Custom Resource Definition, discovery',
    ],
    'discovery.suite.ts': [
        'Discovery, confirm the PreferredVersion for each api group',
        'Discovery, confirm the groupVerion and a resourcefrom each apiGroup',
    ],
    'field-validation.suite.ts': [
        'Server side field validation, CR duplicates',
        'Server side field validation, typed object',
        'Server side field validation, typed unknown metadata',
        'Server side field validation, unknown fields CR fails validation',
        'Server side field validation, unknown fields CR no validation schema',
        'Server side field validation, unknown metadata',
        'Server side field validation, valid CR with validation schema',
    ],
    'flow-control.suite.ts': ['Priority and Fairness PriorityLevelConfiguration API'],
    'garbage-collector.suite.ts': [
        'Garbage Collector, delete deployment, propagation policy orphan',
        'Garbage Collector, delete replication controller, after owned pods',
        'Garbage Collector, delete replication controller, propagation policy background',
        'Garbage Collector, dependency cycle',
        'Garbage Collector, multiple owners',
    ],
    'namespace.suite.ts': [
        'Namespace, apply changes to a namespace status',
        'Namespace, apply finalizer to a namespace',
        'Namespace, apply update to a namespace',
        'Ordered Namespace Deletion',
        'namespace-deletion-removes-pods',
        'namespace-deletion-removes-services',
    ],
    'resource-quota.suite.ts': [
        'ResourceQuota, apply changes to a ResourceQuota status',
        'ResourceQuota, object count quota, configmap',
        'ResourceQuota, object count quota, pod',
        'ResourceQuota, object count quota, replicationController',
        'ResourceQuota, object count quota, resourcequotas',
        'ResourceQuota, object count quota, secret',
        'ResourceQuota, object count quota, service',
        'ResourceQuota, quota scope, BestEffort and NotBestEffort scope',
        'ResourceQuota, quota scope, Terminating and NotTerminating scope',
        'ResourceQuota, update and delete',
    ],
    'table-conversion.suite.ts': ['API metadata HTTP return'],
    'watch.suite.ts': [
        'watch-configmaps-closed-and-restarted',
        'watch-configmaps-from-resource-version',
        'watch-configmaps-label-changed',
        'watch-consistency',
    ],
    'webhook.suite.ts': [
        'Admission webhook, deny create',
        'Admission webhook, deny custom resource create and delete',
        'Admission webhook, deny custom resource definition',
        'Admission webhook, discovery document',
        'Admission webhook, fail closed',
        'Admission webhook, honor timeout',
        'Admission webhook, list validating webhooks',
        'Admission webhook, mutate custom resource',
        'Admission webhook, mutate custom resource with different stored version',
        'Admission webhook, mutation with defaulting',
        'Admission webhook, ordered mutation',
        'Admission webhook, update mutating webhook',
        'Admission webhook, update validating webhook',
        'Mutating Admission webhook, create and update mutating webhook configuration with matchConditions',
        'Mutating Admission webhook, mutating webhook excluding object with specific name',
        'Validating Admission webhook, create and update validating webhook configuration with matchConditions',
        'Validing Admission webhook, reject validating webhook configurations with invalid matchConditions',
    ],
};

const coverage: Coverage = {
    covered: Object.fromEntries(
        Object.entries(files).flatMap(([file, names]) => names.map((name) => [name, file])),
    ),
    elsewhere: {},
};

export default coverage;
