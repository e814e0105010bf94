import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { FieldSchema } from '../../../api/managed-fields/field-schema.ts';
import { joinErrors, validateConfiguration } from '../../../api/managed-fields/validate.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { type ApiObject, apiVersionOf, parseApiVersion } from '../../../api/meta/object.ts';
import { isReason, StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { goValueName } from '../../../api/schema/go-types.ts';
import { parseYaml } from '../../../api/schema/parse.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { StoredObject } from '../stored-object.ts';
import { createObject } from './create.ts';
import { applied, configurationSchema } from './managed-fields.ts';
import { applyPatchType } from './patch-document.ts';
import { checkIdentity } from './identity-check.ts';
import { decodeAs, expectedTypeOf, mediaTypeOf, reportStrictErrors } from './read-body.ts';
import { type Registry, subjectOf, type Target } from './registry.ts';
import { updateObject } from './update.ts';
import { applyOptionsOf, type ApplyOptions, type FieldValidation } from './write-options.ts';

/** How often an apply changes its mind whether the object exists. */
const attemptsMax = 5;

export async function isApply(request: ApiRequest): Promise<boolean> {
    const { contentType } = await request.body();
    return mediaTypeOf(contentType) === applyPatchType;
}

/** PATCH with a configuration: server-side apply. Creates the object when it does not exist. */
export async function apply(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = applyOptionsOf(request);
    const { definition } = target;
    const configuration = await readConfiguration(request, options.fieldValidation);
    const applying = { target, options, configuration };
    for (let attempt = 1; ; attempt++) {
        try {
            const object = await applyToExisting(registry, request, applying);
            return { type: 'object', status: 200, definition, object };
        } catch (error) {
            if (target.subresource !== '' || !isReason(error, 'NotFound')) throw error;
        }
        try {
            const object = await applyToNothing(registry, request, applying);
            return { type: 'object', status: 201, definition, object };
        } catch (error) {
            if (!isReason(error, 'AlreadyExists') || attempt >= attemptsMax) throw error;
        }
    }
}

interface Applying {
    target: Target;
    options: ApplyOptions;
    configuration: ApiObject;
}

async function applyToExisting(
    registry: Registry,
    request: ApiRequest,
    { target, options, configuration }: Applying,
): Promise<StoredObject> {
    const outcome = await updateObject(registry, request, {
        target,
        dryRun: options.dryRun,
        isApplied: true,
        next: (current) => {
            checkConfiguration(configuration, target.definition, target);
            const object = applied(registry, target, {
                live: current.object,
                applied: configuration,
                manager: options.fieldManager,
                force: options.force,
            });
            return decodeApplied(object, target);
        },
    });
    return outcome.object;
}

async function applyToNothing(
    registry: Registry,
    request: ApiRequest,
    { target, options, configuration }: Applying,
): Promise<StoredObject> {
    checkConfiguration(configuration, target.definition, target);
    const uid = configuration.metadata?.uid;
    if (uid) {
        throw statusErrors.conflict(
            subjectOf(target),
            `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        );
    }
    const object = applied(registry, target, {
        live: undefined,
        applied: configuration,
        manager: options.fieldManager,
        force: options.force,
    });
    return await createObject(registry, request, {
        target: { ...target, name: '' },
        object: decodeApplied(object, target),
        dryRun: options.dryRun,
        isApplied: true,
    });
}

/** Canonical values and no nulls, as if the object had come in a body; managedFields are canonical already. */
function decodeApplied(object: ApiObject, target: Target): ApiObject {
    const { managedFields, ...metadata } = object.metadata ?? {};
    const plain = deepClone({ ...object, metadata });
    checkIdentity(plain, target);
    const decoded = decodeAs(plain, expectedTypeOf(target.definition)).object;
    if (managedFields !== undefined) decoded.metadata = { ...decoded.metadata, managedFields };
    return decoded;
}

/** The configuration that the body holds, YAML or JSON. */
export async function readConfiguration(
    request: ApiRequest,
    fieldValidation: FieldValidation,
): Promise<ApiObject> {
    const body = await request.body();
    const { value, duplicateFields } =
        body.type === 'value'
            ? { value: deepClone(body.value), duplicateFields: [] }
            : await parseConfiguration(body.bytes);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw statusErrors.badRequest(
            `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${goValueName(value)} into Go value of type map[string]interface {}`,
        );
    }
    if (duplicateFields.length > 0) {
        reportStrictErrors(request, fieldValidation, duplicateFields, () =>
            statusErrors.badRequest(`error strict decoding YAML: ${duplicateFields.join(', ')}`),
        );
    }
    return value;
}

async function parseConfiguration(bytes: Buffer): ReturnType<typeof parseYaml> {
    try {
        return await parseYaml(bytes);
    } catch (error) {
        if (!isReason(error, 'BadRequest')) throw error;
        throw statusErrors.badRequest(`error decoding YAML: ${error.message}`, { cause: error });
    }
}

/** What must hold of a configuration before it is merged: its type, and that it has no managedFields. */
export function checkConfiguration(
    configuration: ApiObject,
    expected: Pick<ResourceDefinition, 'group' | 'version' | 'kind'>,
    target: Target,
    schema: FieldSchema = configurationSchema(target.definition),
): void {
    const { apiVersion, kind, metadata } = configuration;
    const wanted = apiVersionOf(expected);
    if (!isText(apiVersion) || !isText(kind)) {
        throw statusErrors.badRequest(
            `Object 'Kind' or 'apiVersion' is missing in the applied configuration`,
        );
    }
    if (kind !== expected.kind) {
        throw statusErrors.badRequest(`invalid object type: ${typeText(apiVersion, kind)}`);
    }
    if (apiVersion !== wanted) {
        throw statusErrors.badRequest(
            `Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${wanted}`,
        );
    }
    if (metadata?.managedFields !== undefined && (metadata.managedFields as unknown) !== null) {
        throw statusErrors.badRequest('metadata.managedFields must be nil');
    }
    const found = validateConfiguration(schema, configuration);
    if (found.length === 0) return;
    const isSecret = kind === 'Secret' && apiVersion === 'v1';
    const errors = isSecret ? found.map((error) => error.replace(quotedValue, redacted)) : found;
    const where = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${typeText(apiVersion, kind)}`;
    throw new StatusError({
        code: 500,
        message: `failed to create typed patch object (${where}): ${joinErrors(errors)}`,
    });
}

/** Values end the sentences that quote them. */
const quotedValue = /&\{[^]*$/;
const redacted = '<secret contents redacted>';

function isText(value: unknown): value is string {
    return typeof value === 'string' && value !== '';
}

/** "apps/v1, Kind=Deployment", and "/v1, Kind=Pod" for the core group. */
function typeText(apiVersion: string, kind: string): string {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: apiVersion };
    return `${group}/${version}, Kind=${kind}`;
}
