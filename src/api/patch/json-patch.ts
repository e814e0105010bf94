import { deepClone, deepEqual, defineOwn } from '../meta/deep.ts';
import { statusErrors } from '../meta/status-error.ts';

/** JSON Patch, RFC 6902, with the tolerance and the words of the library that upstream uses. */
export type JsonPatchOperation =
    | { op: 'add' | 'replace' | 'test'; path: string; value?: unknown }
    | { op: 'remove'; path: string }
    | { op: 'move' | 'copy'; path: string; from: string };

/** As upstream; more is 413. */
export const jsonPatchOperationsMax = 10_000;
/** Bound on what `copy` may multiply a document to. */
const copiedBytesMax = 3 * 1024 * 1024;

/** Why a patch does not apply: "testing value /spec/replicas failed: test failed". */
export class JsonPatchError extends Error {
    override readonly name = 'JsonPatchError';
}

type Container = unknown[] | Record<string, unknown>;

function isContainer(value: unknown): value is Container {
    return typeof value === 'object' && value !== null;
}

function splitPointer(path: string): string[] {
    return path
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function quoteAll(text: string): string {
    return JSON.stringify(text);
}

/** Upstream's library counts negative indexes from the end. */
function arrayIndex(list: readonly unknown[], key: string, length = list.length): number {
    if (!/^-?\d+$/.test(key)) throw new JsonPatchError(`invalid index: ${quoteAll(key)}: invalid syntax`);
    const index = Number(key);
    const resolved = index < 0 ? index + length : index;
    if (resolved < 0 || resolved >= length)
        throw new JsonPatchError(`Unable to access invalid index: ${key}: invalid index referenced`);
    return resolved;
}

function getMember(container: Container, key: string): unknown {
    if (Array.isArray(container)) return container[arrayIndex(container, key)];
    return Object.hasOwn(container, key) ? container[key] : undefined;
}

function setMember(container: Record<string, unknown>, key: string, value: unknown): void {
    if (key === '__proto__') defineOwn(container, key, value);
    else container[key] = value;
}

/** One document under change. The root is kept in a holder, so that the path "" is no special case. */
class Document {
    readonly #holder: Record<string, unknown>;
    #copiedBytes = 0;

    constructor(root: unknown) {
        this.#holder = { root };
    }

    get root(): unknown {
        return this.#holder.root;
    }

    /** The object or list that holds the last part of the path; undefined where the path breaks off. */
    #locate(path: string): { container: Container; key: string } | undefined {
        const parts = ['root', ...splitPointer(path)];
        const key = parts.pop() ?? '';
        let container: Container = this.#holder;
        for (const part of parts) {
            const member = getMember(container, part);
            if (!isContainer(member)) return undefined;
            container = member;
        }
        return { container, key };
    }

    apply(operation: JsonPatchOperation): void {
        switch (operation.op) {
            case 'add':
                this.#add(operation.path, deepClone(operation.value ?? null), 'add');
                return;
            case 'remove':
                this.#remove(operation.path);
                return;
            case 'replace':
                this.#replace(operation.path, deepClone(operation.value ?? null));
                return;
            case 'move': {
                const value = this.#read(operation.from, 'move');
                this.#remove(operation.from);
                this.#add(operation.path, value, 'move');
                return;
            }
            case 'copy':
                this.#copy(operation.from, operation.path);
                return;
            case 'test':
                this.#test(operation.path, operation.value ?? null);
        }
    }

    #read(path: string, op: string): unknown {
        const at = this.#locate(path);
        const value = at && getMember(at.container, at.key);
        if (value === undefined)
            throw new JsonPatchError(
                `jsonpatch ${op} operation does not apply: doc is missing key: ${path}: missing value`,
            );
        return value;
    }

    #add(path: string, value: unknown, op: string): void {
        const at = this.#locate(path);
        if (at === undefined)
            throw new JsonPatchError(
                `jsonpatch ${op} operation does not apply: doc is missing path: ${quoteAll(path)}: missing value`,
            );
        const { container, key } = at;
        if (!Array.isArray(container)) setMember(container, key, value);
        else if (key === '-') container.push(value);
        else container.splice(arrayIndex(container, key, container.length + 1), 0, value);
    }

    #remove(path: string): void {
        const at = this.#locate(path);
        if (at === undefined)
            throw new JsonPatchError(
                `jsonpatch remove operation does not apply: doc is missing path: ${quoteAll(path)}: missing value`,
            );
        const { container, key } = at;
        if (Array.isArray(container)) container.splice(arrayIndex(container, key), 1);
        else if (!Object.hasOwn(container, key))
            throw new JsonPatchError(
                `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
            );
        else Reflect.deleteProperty(container, key);
    }

    #replace(path: string, value: unknown): void {
        const at = this.#locate(path);
        if (at === undefined)
            throw new JsonPatchError(
                `jsonpatch replace operation does not apply: doc is missing path: ${path}: missing value`,
            );
        const { container, key } = at;
        if (Array.isArray(container)) container[arrayIndex(container, key)] = value;
        else if (!Object.hasOwn(container, key))
            throw new JsonPatchError(
                `jsonpatch replace operation does not apply: doc is missing key: ${path}: missing value`,
            );
        else setMember(container, key, value);
    }

    #copy(from: string, path: string): void {
        const value = this.#read(from, 'copy');
        this.#copiedBytes += JSON.stringify(value).length;
        if (this.#copiedBytes > copiedBytesMax)
            throw new JsonPatchError(
                `Unable to copy, the accumulated size increase of copy operations exceeds ${copiedBytesMax} bytes`,
            );
        this.#add(path, deepClone(value), 'copy');
    }

    #test(path: string, value: unknown): void {
        const at = this.#locate(path);
        const current = at && getMember(at.container, at.key);
        // A member that is not there passes for null.
        if (!deepEqual(current ?? null, value))
            throw new JsonPatchError(`testing value ${path} failed: test failed`);
    }
}

const operationNames = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function isPointer(value: unknown): value is string {
    return typeof value === 'string' && (value === '' || value.startsWith('/'));
}

function checkOperation(operation: unknown): JsonPatchOperation {
    if (!isContainer(operation) || Array.isArray(operation))
        throw statusErrors.badRequest(
            'json: cannot unmarshal value into Go value of type jsonpatch.Operation',
        );
    const { op, path, from } = operation;
    if (typeof op !== 'string' || !operationNames.has(op))
        throw statusErrors.patchRejected(new JsonPatchError(`Unexpected kind: ${String(op)}`));
    if (!isPointer(path) || ((op === 'move' || op === 'copy') && !isPointer(from)))
        throw statusErrors.patchRejected(
            new JsonPatchError(`${op} operation: failed to decode path: missing or no JSON pointer`),
        );
    return operation as unknown as JsonPatchOperation;
}

/**
 * A changed copy of the document.
 * @throws StatusError Invalid (422) when an operation does not apply, with a JsonPatchError as its cause;
 * BadRequest when the patch is no list of operations; RequestEntityTooLarge when it is too long.
 */
export function applyJsonPatch(doc: unknown, operations: unknown): unknown {
    if (!Array.isArray(operations))
        throw statusErrors.badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
    if (operations.length > jsonPatchOperationsMax)
        throw statusErrors.requestEntityTooLarge(
            `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${operations.length}`,
        );
    const checked = operations.map(checkOperation);
    const document = new Document(deepClone(doc));
    try {
        for (const operation of checked) document.apply(operation);
    } catch (error) {
        throw error instanceof JsonPatchError ? statusErrors.patchRejected(error) : error;
    }
    return document.root;
}
