/** How much of everything the objects of resource.k8s.io may have (k8s.io/api/resource/v1 types.go). */
export const limits = {
    requestsMax: 32,
    subRequestsMax: 8,
    constraintsMax: 32,
    configsMax: 32,
    selectorsMax: 32,
    tolerationsMax: 16,
    selectorBytesMax: 10 * 1024,
    selectorCostMax: 1_000_000n,
    parametersBytesMax: 10 * 1024,
    poolNameBytesMax: 253,
    driverNameBytesMax: 63,
    identifierBytesMax: 32,
    attributeBytesMax: 64,
    /** Of a slice. */
    devicesMax: 128,
    /** Of a slice where one of the devices has taints or consumes counters. */
    advancedDevicesMax: 64,
    taintsMax: 16,
    /** Of one device, together. */
    attributesAndCapacitiesMax: 32,
    validValuesMax: 10,
    counterSetsMax: 8,
    countersMax: 32,
    counterConsumptionsMax: 2,
    bindingConditionsMax: 4,
    /** Of a claim's status. */
    reservationsMax: 256,
    resultsMax: 32,
    deviceConditionsMax: 8,
    deviceDataBytesMax: 10 * 1024,
    interfaceNameBytesMax: 256,
    hardwareAddressBytesMax: 128,
    deviceAddressesMax: 16,
} as const;
