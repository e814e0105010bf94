/**
 * Which lists and maps of the API merge, and how: upstream's listType, mapType, patchStrategy and
 * patchMergeKey markers, by package and type. A line names a type and then its marked fields:
 *
 *     ports:map(containerPort,protocol)/merge(containerPort)
 *
 * says that server-side apply takes `ports` for a list with these keys, and that strategic merge merges
 * it by containerPort. A bare field is an atomic list; "!atomic" marks the type itself; a line that
 * starts with a lower-case word continues the one before.
 */
export const mergeSemanticsTable: Readonly<Record<string, string>> = {
    'io.k8s.api.admissionregistration.v1': `
        MatchResources !atomic excludeResourceRules resourceRules
        MutatingAdmissionPolicySpec matchConditions:map(name)/merge(name) mutations variables
        MutatingWebhook admissionReviewVersions matchConditions:map(name)/merge(name) rules
        MutatingWebhookConfiguration webhooks:map(name)/merge(name)
        NamedRuleWithOperations !atomic apiGroups apiVersions operations resourceNames resources
        ParamKind !atomic
        ParamRef !atomic
        RuleWithOperations apiGroups apiVersions operations resources
        TypeChecking expressionWarnings
        ValidatingAdmissionPolicyBindingSpec validationActions:set
        ValidatingAdmissionPolicySpec auditAnnotations matchConditions:map(name)/merge(name) validations
            variables:map(name)/merge(name)
        ValidatingAdmissionPolicyStatus conditions:map(type)
        ValidatingWebhook admissionReviewVersions matchConditions:map(name)/merge(name) rules
        ValidatingWebhookConfiguration webhooks:map(name)/merge(name)
        Variable !atomic
    `,
    'io.k8s.api.apps.v1': `
        DaemonSetStatus conditions:map(type)/merge(type)
        DeploymentSpec strategy:/retainKeys
        DeploymentStatus conditions:map(type)/merge(type)
        ReplicaSetStatus conditions:map(type)/merge(type)
        StatefulSetSpec volumeClaimTemplates
        StatefulSetStatus conditions:map(type)/merge(type)
    `,
    'io.k8s.api.authentication.v1': `
        TokenRequestSpec audiences
        TokenReviewSpec audiences
        TokenReviewStatus audiences
        UserInfo groups
    `,
    'io.k8s.api.authorization.v1': `
        FieldSelectorAttributes requirements
        LabelSelectorAttributes requirements
        NonResourceRule nonResourceURLs verbs
        ResourceRule apiGroups resourceNames resources verbs
        SubjectAccessReviewSpec groups
        SubjectRulesReviewStatus nonResourceRules resourceRules
    `,
    'io.k8s.api.autoscaling.v2': `
        HPAScalingRules policies
        HorizontalPodAutoscalerSpec metrics
        HorizontalPodAutoscalerStatus conditions:map(type)/merge(type) currentMetrics
    `,
    'io.k8s.api.batch.v1': `
        CronJobStatus active
        JobStatus conditions:atomic/merge(type)
        PodFailurePolicy rules
        PodFailurePolicyOnExitCodesRequirement values:set
        PodFailurePolicyRule onPodConditions
        SuccessPolicy rules
        UncountedTerminatedPods failed:set succeeded:set
    `,
    'io.k8s.api.certificates.v1': `
        CertificateSigningRequestSpec groups usages
        CertificateSigningRequestStatus conditions:map(type)
    `,
    'io.k8s.api.core.v1': `
        Capabilities add drop
        CephFSPersistentVolumeSource monitors
        CephFSVolumeSource monitors
        ComponentStatus conditions:map(type)/merge(type)
        ConfigMapKeySelector !atomic
        ConfigMapProjection items
        ConfigMapVolumeSource items
        Container args command env:map(name)/merge(name) envFrom
            ports:map(containerPort,protocol)/merge(containerPort) resizePolicy restartPolicyRules
            volumeDevices:map(devicePath)/merge(devicePath) volumeMounts:map(mountPath)/merge(mountPath)
        ContainerImage names
        ContainerRestartRuleOnExitCodes values:set
        ContainerStatus allocatedResourcesStatus:map(name)/merge(name)
            volumeMounts:map(mountPath)/merge(mountPath)
        DownwardAPIProjection items
        DownwardAPIVolumeSource items
        EndpointAddress !atomic
        EndpointPort !atomic
        EndpointSubset addresses notReadyAddresses ports
        Endpoints subsets
        EphemeralContainer args command env:map(name)/merge(name) envFrom
            ports:map(containerPort,protocol)/merge(containerPort) resizePolicy restartPolicyRules
            volumeDevices:map(devicePath)/merge(devicePath) volumeMounts:map(mountPath)/merge(mountPath)
        ExecAction command
        FCVolumeSource targetWWNs wwids
        FileKeySelector !atomic
        HTTPGetAction httpHeaders
        HostAlias hostnames
        ISCSIPersistentVolumeSource portals
        ISCSIVolumeSource portals
        LimitRangeSpec limits
        LinuxContainerUser supplementalGroups
        LoadBalancerIngress ports
        LoadBalancerStatus ingress
        LocalObjectReference !atomic
        NamespaceSpec finalizers
        NamespaceStatus conditions:map(type)/merge(type)
        NodeAffinity preferredDuringSchedulingIgnoredDuringExecution
        NodeAllocatableResourceClaimStatus containers:set
        NodeSelector !atomic nodeSelectorTerms
        NodeSelectorRequirement values
        NodeSelectorTerm !atomic matchExpressions matchFields
        NodeSpec podCIDRs:set/merge taints
        NodeStatus addresses:map(type)/merge(type) conditions:map(type)/merge(type) declaredFeatures images
            runtimeHandlers volumesAttached volumesInUse
        ObjectFieldSelector !atomic
        ObjectReference !atomic
        PersistentVolumeClaimSpec accessModes
        PersistentVolumeClaimStatus accessModes allocatedResourceStatuses:granular-map
            conditions:map(type)/merge(type)
        PersistentVolumeSpec accessModes claimRef:granular-map mountOptions
        PodAffinity preferredDuringSchedulingIgnoredDuringExecution
            requiredDuringSchedulingIgnoredDuringExecution
        PodAffinityTerm matchLabelKeys mismatchLabelKeys namespaces
        PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution
            requiredDuringSchedulingIgnoredDuringExecution
        PodDNSConfig nameservers options searches
        PodExtendedResourceClaimStatus requestMappings
        PodSecurityContext supplementalGroups sysctls
        PodSpec containers:map(name)/merge(name) ephemeralContainers:map(name)/merge(name)
            hostAliases:map(ip)/merge(ip) imagePullSecrets:map(name)/merge(name)
            initContainers:map(name)/merge(name) nodeSelector:atomic-map readinessGates
            resourceClaims:map(name)/merge,retainKeys(name) schedulingGates:map(name)/merge(name)
            tolerations topologySpreadConstraints:map(topologyKey,whenUnsatisfiable)/merge(topologyKey)
            volumes:map(name)/merge,retainKeys(name)
        PodStatus conditions:map(type)/merge(type) containerStatuses ephemeralContainerStatuses
            hostIPs:atomic/merge(ip) initContainerStatuses nodeAllocatableResourceClaimStatuses
            podIPs:map(ip)/merge(ip) resourceClaimStatuses:map(name)/merge,retainKeys(name)
        ProjectedVolumeSource sources
        RBDPersistentVolumeSource monitors
        RBDVolumeSource monitors
        ReplicationControllerSpec selector:atomic-map
        ReplicationControllerStatus conditions:map(type)/merge(type)
        ResourceFieldSelector !atomic
        ResourceQuotaSpec scopes
        ResourceRequirements claims:map(name)
        ResourceStatus resources:map(resourceID)
        ScopeSelector !atomic matchExpressions
        ScopedResourceSelectorRequirement values
        SecretKeySelector !atomic
        SecretProjection items
        SecretReference !atomic
        SecretVolumeSource items
        ServiceAccount imagePullSecrets secrets:map(name)/merge(name)
        ServiceSpec clusterIPs externalIPs ipFamilies loadBalancerSourceRanges
            ports:map(port,protocol)/merge(port) selector:atomic-map
        ServiceStatus conditions:map(type)/merge(type)
        TopologySelectorLabelRequirement values
        TopologySelectorTerm !atomic matchLabelExpressions
        TopologySpreadConstraint matchLabelKeys
        TypedLocalObjectReference !atomic
    `,
    'io.k8s.api.discovery.v1': `
        Endpoint addresses:set
        EndpointHints forNodes forZones
        EndpointPort !atomic
        EndpointSlice endpoints ports
    `,
    'io.k8s.api.flowcontrol.v1': `
        FlowSchemaSpec rules
        FlowSchemaStatus conditions:map(type)/merge(type)
        NonResourcePolicyRule nonResourceURLs:set verbs:set
        PolicyRulesWithSubjects nonResourceRules resourceRules subjects
        PriorityLevelConfigurationStatus conditions:map(type)/merge(type)
        ResourcePolicyRule apiGroups:set namespaces:set resources:set verbs:set
    `,
    'io.k8s.api.networking.v1': `
        HTTPIngressRuleValue paths
        IPBlock except
        IngressLoadBalancerIngress ports
        IngressLoadBalancerStatus ingress
        IngressSpec rules tls
        IngressTLS hosts
        NetworkPolicyEgressRule ports to
        NetworkPolicyIngressRule from ports
        NetworkPolicySpec egress ingress policyTypes
        ServiceBackendPort !atomic
        ServiceCIDRSpec cidrs
        ServiceCIDRStatus conditions:map(type)/merge(type)
    `,
    'io.k8s.api.node.v1': `
        Scheduling nodeSelector:atomic-map tolerations
    `,
    'io.k8s.api.policy.v1': `
        PodDisruptionBudgetSpec selector:/replace
        PodDisruptionBudgetStatus conditions:map(type)/merge(type)
    `,
    'io.k8s.api.rbac.v1': `
        AggregationRule clusterRoleSelectors
        ClusterRole rules
        ClusterRoleBinding subjects
        PolicyRule apiGroups nonResourceURLs resourceNames resources verbs
        Role rules
        RoleBinding subjects
        RoleRef !atomic
        Subject !atomic
    `,
    'io.k8s.api.resource.v1': `
        AllocatedDeviceStatus conditions:map(type)
        CapacityRequestPolicy validValues
        Device bindingConditions bindingFailureConditions consumesCounters taints
        DeviceAllocationConfiguration requests
        DeviceAllocationResult config results
        DeviceAttribute bools ints strings versions
        DeviceClaim config constraints requests
        DeviceClaimConfiguration requests
        DeviceClassSpec config selectors
        DeviceConstraint requests
        DeviceRequest firstAvailable
        DeviceRequestAllocationResult bindingConditions bindingFailureConditions tolerations
        DeviceSubRequest selectors tolerations
        ExactDeviceRequest selectors tolerations
        NetworkDeviceData ips
        ResourceClaimStatus devices:map(driver,device,pool,shareID) reservedFor:map(uid)/merge(uid)
        ResourceSliceSpec devices sharedCounters
    `,
    'io.k8s.api.storage.v1': `
        CSIDriverSpec tokenRequests volumeLifecycleModes:set
        CSINodeDriver topologyKeys
        CSINodeSpec drivers:map(name)/merge(name)
        StorageClass allowedTopologies mountOptions
    `,
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1': `
        CustomResourceDefinitionNames categories shortNames
        CustomResourceDefinitionSpec versions
        CustomResourceDefinitionStatus conditions:map(type) storedVersions
        CustomResourceDefinitionVersion additionalPrinterColumns selectableFields
        JSONSchemaProps allOf anyOf enum oneOf required x-kubernetes-list-map-keys
            x-kubernetes-validations:map(rule)/merge(rule)
        WebhookConversion conversionReviewVersions
    `,
    'io.k8s.apimachinery.pkg.apis.meta.v1': `
        APIGroup serverAddressByClientCIDRs versions
        APIGroupList groups
        APIResource categories shortNames
        APIResourceList resources
        APIVersions serverAddressByClientCIDRs versions
        DeleteOptions dryRun
        FieldSelectorRequirement values
        LabelSelector !atomic matchExpressions
        LabelSelectorRequirement values
        ObjectMeta finalizers:set/merge managedFields ownerReferences:map(uid)/merge(uid)
        OwnerReference !atomic
        StatusDetails causes
    `,
    'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1': `
        APIServiceSpec caBundle
        APIServiceStatus conditions:map(type)/merge(type)
    `,
    'io.k8s.api.autoscaling.v1': `
        CrossVersionObjectReference !atomic
    `,
};
