/**
 * Facts about fields that the client's models leave out. They publish quantities as strings, and values
 * of free form as `any`. By model, then by field; the text is in the schema's own type expressions.
 */
const quantity = 'quantity';
const quantities = 'map:quantity';

const rawExtension = 'opaque:io.k8s.apimachinery.pkg.runtime.RawExtension';
const extensionsPackage = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const json = `opaque:${extensionsPackage}.JSON`;

export const fieldOverrides: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    V1AllocatedDeviceStatus: { data: rawExtension },
    V1CSIStorageCapacity: { capacity: quantity, maximumVolumeSize: quantity },
    V1CapacityRequestPolicy: { default: quantity, validValues: 'array:quantity' },
    V1CapacityRequestPolicyRange: { max: quantity, min: quantity, step: quantity },
    V1CapacityRequirements: { requests: quantities },
    V1ContainerStatus: { allocatedResources: quantities },
    V1ControllerRevision: { data: rawExtension },
    V1Counter: { value: quantity },
    V1CustomResourceSubresources: { status: `opaque:${extensionsPackage}.CustomResourceSubresourceStatus` },
    V1DeviceCapacity: { value: quantity },
    V1DeviceRequestAllocationResult: { consumedCapacity: quantities },
    V1EmptyDirVolumeSource: { sizeLimit: quantity },
    V1JSONSchemaProps: {
        // The part behind the last colon is the type of the objects that may stand there.
        additionalItems: `opaque:${extensionsPackage}.JSONSchemaPropsOrBool:V1JSONSchemaProps`,
        additionalProperties: `opaque:${extensionsPackage}.JSONSchemaPropsOrBool:V1JSONSchemaProps`,
        default: json,
        dependencies: `map:opaque:${extensionsPackage}.JSONSchemaPropsOrStringArray:V1JSONSchemaProps`,
        enum: `array:${json}`,
        example: json,
        items: `opaque:${extensionsPackage}.JSONSchemaPropsOrArray:V1JSONSchemaProps`,
    },
    V1LimitRangeItem: {
        default: quantities,
        defaultRequest: quantities,
        max: quantities,
        maxLimitRequestRatio: quantities,
        min: quantities,
    },
    V1ManagedFieldsEntry: { fieldsV1: 'opaque:io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1' },
    V1NodeAllocatableResourceClaimStatus: { resources: quantities },
    V1NodeAllocatableResourceMapping: { allocationMultiplier: quantity },
    V1NodeStatus: { allocatable: quantities, capacity: quantities },
    V1OpaqueDeviceConfiguration: { parameters: rawExtension },
    V1Overhead: { podFixed: quantities },
    V1PersistentVolumeClaimStatus: { allocatedResources: quantities, capacity: quantities },
    V1PersistentVolumeSpec: { capacity: quantities },
    V1PodSpec: { overhead: quantities },
    V1PodStatus: { allocatedResources: quantities },
    V1ResourceFieldSelector: { divisor: quantity },
    V1ResourceQuotaSpec: { hard: quantities },
    V1ResourceQuotaStatus: { hard: quantities, used: quantities },
    V1ResourceRequirements: { limits: quantities, requests: quantities },
    V1VolumeResourceRequirements: { limits: quantities, requests: quantities },
    V2HPAScalingRules: { tolerance: quantity },
    V2MetricTarget: { averageValue: quantity, value: quantity },
    V2MetricValueStatus: { averageValue: quantity, value: quantity },
};
