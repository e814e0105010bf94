import type { Strategy } from '../../../api/groups/resource.ts';
import { setGeneration } from '../../../api/groups/strategy.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { type ApiObject, parseApiVersion, type V1ObjectMeta } from '../../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { decodeValue } from '../../../api/schema/decode.ts';
import { Correlation, isUnchangedAt } from '../../../api/structural-schema/correlate.ts';
import { applyDefaults, pruneNulls } from '../../../api/structural-schema/defaults.ts';
import { coerceEmbedded, validateEmbedded } from '../../../api/structural-schema/embedded.ts';
import { type JsonPath, parseJsonPath } from '../../../api/structural-schema/json-path.ts';
import { validateListTypes } from '../../../api/structural-schema/list-types.ts';
import { prune } from '../../../api/structural-schema/prune.ts';
import type { Replacement } from './cel-rules.ts';
import { columnsOf } from './columns.ts';
import type { ServedVersion } from './served-version.ts';
import type { VersionSchema } from './version-schemas.ts';

type CustomResource = ApiObject & { status?: unknown };

/** After one of these, rules of the expression language would judge an object that they do not fit. */
const blockingReasons = new Set([
    'FieldValueNotSupported',
    'FieldValueRequired',
    'FieldValueTooLong',
    'FieldValueTooMany',
    'FieldValueTypeInvalid',
]);

/** Removes what the schema does not specify, then sets defaults. Returns the paths of what was removed. */
export function normalise(
    object: ApiObject,
    { schema }: VersionSchema,
): { paths: string[]; changes: number } {
    const { paths, count } = prune(object, schema);
    const changes = count + pruneNulls(object, schema) + applyDefaults(object, schema);
    return { paths, changes };
}

/** Reads a body: its metadata is every object's, the rest goes by the version's schema. */
export function decodeCustomResource(
    body: object,
    version: ServedVersion,
): { object: ApiObject; unknownFields: string[] } {
    const object = body as ApiObject;
    const unknownFields: string[] = [];
    if (object.metadata !== undefined) {
        try {
            const decoded = decodeValue('V1ObjectMeta', object.metadata ?? {});
            object.metadata = decoded.value as V1ObjectMeta;
            for (const text of decoded.unknownFields)
                unknownFields.push(text.replace('unknown field "', 'unknown field "metadata.'));
        } catch (error) {
            throw error instanceof StatusError ? error : notReadable(version, error);
        }
    }
    const { schema } = version.schema();
    try {
        unknownFields.push(...coerceEmbedded(object, schema));
    } catch (error) {
        throw notReadable(version, error);
    }
    const { paths } = prune(object, schema);
    unknownFields.push(...paths.map((path) => `unknown field "${path}"`));
    return { object, unknownFields };
}

function notReadable({ names: { kind }, name }: ServedVersion, error: unknown): StatusError {
    const why = error instanceof Error ? error.message : String(error);
    return statusErrors.badRequest(`${kind} in version "${name}" cannot be handled as a ${kind}: ${why}`, {
        cause: error,
    });
}

/** The rules of one version of a custom resource. */
export function customResourceStrategy(version: ServedVersion): Strategy<CustomResource> {
    const { hasStatus } = version;
    const selectable = version.selectableFields;
    return {
        allowUnconditionalUpdate: false,
        statusKeepsMetadata: true,
        columns: columnsOf(version.columns),
        ...(selectable.length === 0
            ? {}
            : { selectableFields: (object: CustomResource) => selectableFields(object, selectable) }),
        defaults: (object) => {
            normalise(object, version.schema());
        },
        prepareForCreate(object) {
            if (version.isTerminating()) throw terminating('create');
            setGeneration(object, 1);
            if (hasStatus) delete object.status;
        },
        prepareForUpdate(object, old) {
            if (hasStatus) {
                if (old.status === undefined) delete object.status;
                else object.status = old.status;
            }
            const before = old.metadata?.generation ?? 1;
            setGeneration(object, sameContent(object, old, hasStatus) ? before : before + 1);
        },
        validate: (object) => validateObject(object, version.schema()),
        validateUpdate: (object, old, warn) => validateObject(object, version.schema(), { old, warn }),
        validateStatusUpdate: (object, old, warn) => validateObject(object, version.schema(), { old, warn }),
        deprecation: deprecationOf(version),
    };
}

function terminating(verb: string): StatusError {
    return new StatusError({
        reason: 'MethodNotAllowed',
        code: 405,
        message: `${verb} not allowed while custom resource definition is terminating`,
        details: {},
    });
}

function deprecationOf({
    deprecated,
    deprecationWarning,
    group,
    name,
    names,
}: ServedVersion): string | undefined {
    return deprecated ? (deprecationWarning ?? `${group}/${name} ${names.kind} is deprecated`) : undefined;
}

function sameContent(object: CustomResource, old: CustomResource, hasStatus: boolean): boolean {
    const { metadata: _a, apiVersion: _b, kind: _c, ...next } = object;
    const { metadata: _d, apiVersion: _e, kind: _f, ...before } = old;
    if (hasStatus) {
        delete next.status;
        delete before.status;
    }
    return deepEqual(next, before);
}

function selectableFields(object: ApiObject, paths: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        paths.map((path) => {
            const parsed: JsonPath = parseJsonPath(path);
            const [value] = parsed.find(object);
            return [
                path.replace(/^\./, ''),
                value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value),
            ];
        }),
    );
}

/** What was wrong before and did not change is no error; where a rule of the expression language found it, a warning. */
function validateObject(object: ApiObject, version: VersionSchema, replacement?: Replacement): FieldError[] {
    const { schema } = version;
    const old = replacement?.old;
    const found = version.validate(object);
    const correlation = Correlation.ofObject(object, old, schema);
    const own = found.filter((error) => !isUnchangedAt(error, correlation));
    const errors: FieldError[] = own.map(({ reason, field, message }) => ({ reason, field, message }));
    errors.push(...validateEmbedded(object, schema));
    const duplicates = validateListTypes(object, schema);
    if (duplicates.length > 0 && (old === undefined || validateListTypes(old, schema).length === 0))
        errors.push(...duplicates);
    const compiled = version.rules();
    if (compiled === undefined || compiled.isEmpty) return errors;
    if (errors.some(({ reason }) => blockingReasons.has(reason))) {
        const detail =
            'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
        return [...errors, fieldErrors.invalid('<nil>', null, detail)];
    }
    return [...errors, ...compiled.validate(object, replacement)];
}

/** The version that an object was written in. */
export function versionNameOf({ apiVersion = '' }: ApiObject): string {
    return parseApiVersion(apiVersion)?.version ?? '';
}
