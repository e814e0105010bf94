import type { CelEnvironment, CelSize, CelType } from '../cel.ts';

/** What a selector of devices may name (k8s.io/dynamic-resource-allocation/cel). */

const string: CelType = { kind: 'string' };
const byDomain = (of: CelType): CelType => ({
    kind: 'map',
    keys: string,
    of: { kind: 'map', keys: string, of },
});

const driverCharactersMax = 63;
const identifierCharactersMax = 32;
const attributeCharactersMax = 64;
const entriesMax = 32;

const sizesByDomain = (inner: CelSize): CelSize => ({
    max: entriesMax,
    keys: { max: driverCharactersMax },
    elements: { keys: { max: identifierCharactersMax }, ...inner },
});
const attribute: CelSize = { max: attributeCharactersMax };

/** `device` alone; attributes and capacities by domain and name. The result is for the caller to check. */
export const deviceEnvironment: CelEnvironment = {
    libraries: ['bindings'],
    variables: {
        device: {
            kind: 'object',
            name: 'kubernetes.DRADevice',
            fields: {
                driver: string,
                attributes: byDomain({ kind: 'dyn' }),
                capacity: byDomain({ kind: 'opaque', name: 'kubernetes.Quantity' }),
                allowMultipleAllocations: { kind: 'bool' },
            },
        },
    },
    size: {
        max: 0,
        fields: {
            driver: { max: driverCharactersMax },
            attributes: sizesByDomain({ max: entriesMax, elements: attribute, otherFields: attribute }),
            capacity: sizesByDomain({ max: entriesMax, elements: { max: 0 } }),
            allowMultipleAllocations: { max: 1 },
        },
    },
};
