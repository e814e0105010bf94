/** A definition with defaults, rules, lists that merge, pruning and fields that keep everything. */
export const gadgetDefinition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.generated.example.com' },
    spec: {
        group: 'generated.example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
        versions: [
            {
                name: 'v1',
                served: true,
                storage: true,
                subresources: {
                    status: {},
                    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
                },
                additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
                selectableFields: [{ jsonPath: '.spec.color' }],
                schema: {
                    openAPIV3Schema: {
                        type: 'object',
                        properties: {
                            spec: {
                                type: 'object',
                                default: {},
                                'x-kubernetes-validations': [
                                    { rule: 'self.size <= self.most', message: 'too large' },
                                    { rule: 'self.color == oldSelf.color', message: 'the color stays' },
                                    { rule: '!has(self.ports) || self.ports.all(p, p.number != self.size)' },
                                ],
                                properties: {
                                    size: { type: 'integer', default: 1, minimum: 0 },
                                    most: { type: 'integer', format: 'int64', default: 10 },
                                    color: { type: 'string', default: 'red', maxLength: 20 },
                                    replicas: { type: 'integer', format: 'int32' },
                                    when: { type: 'string', format: 'date-time' },
                                    share: { 'x-kubernetes-int-or-string': true, maxLength: 10 },
                                    note: { type: 'string', nullable: true },
                                    raw: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                                    template: {
                                        type: 'object',
                                        'x-kubernetes-embedded-resource': true,
                                        'x-kubernetes-preserve-unknown-fields': true,
                                    },
                                    ports: {
                                        type: 'array',
                                        maxItems: 20,
                                        'x-kubernetes-list-type': 'map',
                                        'x-kubernetes-list-map-keys': ['number', 'protocol'],
                                        items: {
                                            type: 'object',
                                            required: ['number'],
                                            properties: {
                                                number: { type: 'integer' },
                                                protocol: { type: 'string', default: 'TCP', maxLength: 5 },
                                            },
                                        },
                                    },
                                    tags: {
                                        type: 'array',
                                        maxItems: 20,
                                        'x-kubernetes-list-type': 'set',
                                        items: { type: 'string', maxLength: 20 },
                                    },
                                    amounts: { type: 'object', additionalProperties: { type: 'number' } },
                                },
                            },
                            status: { type: 'object', properties: { replicas: { type: 'integer' } } },
                        },
                    },
                },
            },
        ],
    },
};

export const gadget = {
    apiVersion: 'generated.example.com/v1',
    kind: 'Gadget',
    spec: {
        size: 3,
        most: 9,
        color: 'red',
        replicas: 1,
        share: '50%',
        note: 'a',
        raw: { a: { b: [1, 'a', null] } },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
        ports: [{ number: 80 }, { number: 80, protocol: 'UDP' }],
        tags: ['a', 'b'],
        amounts: { a: 1.5 },
    },
};
