/**
 * Types that OpenAPI publishes and the generated schema has no fields for: scalars with a format of their
 * own, free-form JSON, and what only requests carry. By published name.
 */
export const names = {
    quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
    fieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
    patch: 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
    watchEvent: 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
    deleteOptions: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
    status: 'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
    objectMeta: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    listMeta: 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
    rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
    intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    versionInfo: 'io.k8s.apimachinery.pkg.version.Info',
} as const;

/** A JSON schema of either OpenAPI version. */
export interface JsonSchema {
    [key: string]: unknown;
    $ref?: string | undefined;
    type?: string | undefined;
    format?: string | undefined;
    description?: string | undefined;
    properties?: Record<string, JsonSchema> | undefined;
    required?: readonly string[] | boolean | undefined;
    items?: JsonSchema | undefined;
    additionalProperties?: JsonSchema | undefined;
}

interface PublishedType {
    schema: JsonSchema;
    /** What OpenAPI v3 says instead of the type, where it can say more. */
    v3?: JsonSchema;
    /** Published names that the properties refer to. */
    references?: Readonly<Record<string, string>>;
}

const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const text: JsonSchema = { type: 'string' };
/** What a version consists of. */
const versionFields = {
    major: 'First number of the version.',
    minor: 'Second number of the version.',
    gitVersion: 'The version as people write it, such as v1.36.0.',
    gitCommit: 'The commit that was built.',
    gitTreeState: 'clean, or dirty where the build has what no commit has.',
    buildDate: 'When it was built, in RFC 3339 form.',
    goVersion: 'The version of the language that it was built with.',
    compiler: 'The compiler that it was built with.',
    platform: 'Operating system and processor that it was built for, such as linux/arm64.',
};
const versionOptionalFields = {
    emulationMajor: 'First number of the version that the server behaves as.',
    emulationMinor: 'Second number of the version that the server behaves as.',
    minCompatibilityMajor: 'First number of the oldest version that it can go back to.',
    minCompatibilityMinor: 'Second number of the oldest version that it can go back to.',
};

export const publishedTypes: Readonly<Record<string, PublishedType>> = {
    [names.quantity]: {
        schema: {
            description:
                'A fixed-point number with an optional unit: decimal (n, u, m, k, M, G, T, P, E), binary (Ki, Mi, Gi, Ti, Pi, Ei) or an exponent (1e3). It is stored in its canonical form: without fraction, and with the largest unit that loses nothing. 1.5 is written "1500m", 1.5Gi is written "1536Mi".',
            type: 'string',
        },
        v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    },
    [names.time]: {
        schema: { description: 'A time in RFC 3339 form, in seconds.', type: 'string', format: 'date-time' },
    },
    [names.microTime]: {
        schema: {
            description: 'A time in RFC 3339 form, in microseconds.',
            type: 'string',
            format: 'date-time',
        },
    },
    [names.fieldsV1]: {
        schema: {
            description:
                'A set of fields as a trie: keys are "f:<name>" for a field or key of a map, "k:<keys>" for the element of a list that has these keys, "v:<value>" for an element of a set, "i:<index>" for a position, and "." for the field itself.',
            type: 'object',
        },
    },
    [names.patch]: {
        schema: { description: 'The body of a PATCH request, in one of the patch formats.', type: 'object' },
    },
    [names.watchEvent]: {
        schema: {
            description: 'One change to a watched resource.',
            type: 'object',
            properties: {
                object: {
                    description:
                        'The object after the change; its last state for DELETED, a Status for ERROR.',
                },
                type: { description: 'ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.', ...text },
            },
            required: ['type', 'object'],
        },
        references: { object: names.rawExtension },
    },
    [names.rawExtension]: {
        schema: { description: 'An object of any kind, in its JSON form.', type: 'object' },
    },
    [names.intOrString]: {
        schema: {
            description: 'An integer or a string, such as a port by number or by name.',
            type: 'string',
            format: 'int-or-string',
        },
        v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
    },
    [names.versionInfo]: {
        schema: {
            description: 'Version of the server and of its build.',
            type: 'object',
            properties: Object.fromEntries(
                Object.entries({ ...versionFields, ...versionOptionalFields })
                    .sort(([one], [other]) => (one < other ? -1 : 1))
                    .map(([field, description]) => [field, { description, ...text }]),
            ),
            required: Object.keys(versionFields),
        },
    },
    [`${extensions}.JSON`]: { schema: { description: 'Any JSON value.' } },
    [`${extensions}.JSONSchemaPropsOrArray`]: { schema: { description: 'A schema, or a list of schemas.' } },
    [`${extensions}.JSONSchemaPropsOrBool`]: { schema: { description: 'A schema, or a boolean.' } },
    [`${extensions}.JSONSchemaPropsOrStringArray`]: {
        schema: { description: 'A schema, or a list of names of properties.' },
    },
    [`${extensions}.CustomResourceSubresourceStatus`]: {
        schema: {
            description:
                'Turns on the status subresource: requests to /status change nothing but the status, and requests to the object itself leave the status alone.',
            type: 'object',
        },
    },
};
