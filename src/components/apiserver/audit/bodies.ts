import { apiVersionOf, type V1Status } from '../../../api/meta/object.ts';
import { parseJson, parseYaml } from '../../../api/schema/parse.ts';
import { listMetaOf } from '../encode/encode-result.ts';
import { mediaTypeOf } from '../registry/read-body.ts';
import type { ApiResult, RequestBody } from '../request.ts';

/** The patch that a request sent; undefined where it cannot be read (the answer says why). */
export async function patchForAudit(body: Promise<RequestBody>): Promise<unknown> {
    try {
        const content = await body;
        if (content.type === 'value') return content.value;
        if (content.bytes.length === 0) return undefined;
        switch (mediaTypeOf(content.contentType)) {
            case 'application/yaml':
            case 'application/apply-patch+yaml':
                return (await parseYaml(content.bytes)).value;
            default:
                return parseJson(content.bytes).value;
        }
    } catch {
        return undefined;
    }
}

/** What a request was answered with; undefined for what is no object. */
export function objectForAudit(result: ApiResult): unknown {
    switch (result.type) {
        case 'object':
            return result.object.object;
        case 'list':
            return {
                kind: result.definition.listKind,
                apiVersion: apiVersionOf(result.definition),
                metadata: listMetaOf(result),
                items: result.items.map(({ object }) => object),
            };
        case 'value':
            return result.value;
        case 'bytes':
        case 'watch':
        case 'relayedWatch':
        case 'raw':
            return undefined;
    }
}

export function statusForAudit(result: ApiResult): V1Status {
    const code = 'status' in result ? result.status : 200;
    if (result.type !== 'value') return { metadata: {}, code };
    const { kind, status, message, reason, details } = result.value as V1Status;
    return kind === 'Status'
        ? { metadata: {}, status, message, reason, details, code }
        : { metadata: {}, code };
}
