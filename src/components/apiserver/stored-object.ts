import { deepFreeze } from '../../api/meta/deep.ts';
import type { ApiObject, Stored, V1ObjectMeta } from '../../api/meta/object.ts';
import { decodeFields } from '../../api/managed-fields/fields-v1.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { KeyValue } from '../../store/store.ts';
import { findMetadata } from './encode/metadata-span.ts';
import { objectText } from './encode/object-text.ts';
import { type SharedLabels, sharedLabels } from './shared-labels.ts';

/** What is larger than this is kept parsed only while somebody uses it: definitions of custom resources. */
const parsedBytesMax = 64 * 1024;

const metadataStart = Buffer.from('"metadata":{');
const nothing = Buffer.alloc(0);

/**
 * One object at one revision, in three forms that are each made at most once:
 *
 *   stored bytes   {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a",…
 *   wire bytes     {"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a",…
 *   object         parsed on first use, deeply frozen, with its resourceVersion
 *
 * What shows the metadata alone is cut out of the stored bytes, and the labels are read from them: neither needs
 * the object.
 *
 * Invariants: the stored bytes begin with kind, apiVersion and metadata in this order and never hold a
 * resourceVersion (it is the store's modRevision, which is known only after the write); metadata is never
 * empty. An object that is about to be written has revision 0 until `commit`.
 */
export class StoredObject {
    readonly key: string;
    readonly bytes: Buffer;
    #revision: number;
    #draft: ApiObject | undefined;
    #object: Stored<ApiObject> | WeakRef<Stored<ApiObject>> | undefined;
    #fields: Record<string, string> | undefined;
    #views: Map<string, { epoch: object | undefined; view: StoredObject }> | undefined;
    /** Of the metadata in the bytes; `end` 0 while nobody has looked, -1 where it does not stand as usual. */
    #metadataStart = 0;
    #metadataEnd = 0;
    /** null while nobody has looked. */
    #labels: SharedLabels | undefined | null = null;

    private constructor(key: string, bytes: Buffer, revision: number) {
        this.key = key;
        this.bytes = bytes;
        this.#revision = revision;
    }

    /** Throws a 500 for a value that cannot be decrypted. */
    static fromStore(kv: KeyValue): StoredObject {
        if (kv.unreadable !== undefined) throw statusErrors.internal(kv.unreadable);
        return new StoredObject(kv.key, kv.value, kv.modRevision);
    }

    /** Serialises `object`, whose parts belong to the result from now on: they are frozen on first use. */
    static encode(key: string, object: ApiObject, revision = 0): StoredObject {
        const { kind, apiVersion, metadata, ...rest } = object;
        const { resourceVersion: _resourceVersion, ...storedMetadata } = metadata ?? {};
        const ordered = { kind, apiVersion, metadata: storedMetadata, ...rest };
        const { text, metadataStart, metadataEnd, labels } = objectText(ordered);
        const stored = new StoredObject(key, exactBytes(text), revision);
        stored.#draft = ordered;
        stored.#labels = labels === undefined ? undefined : sharedLabels(labels);
        // Positions in the text are those in the bytes where each character is one byte.
        if (stored.bytes.length === text.length && metadataEnd - metadataStart > '{}'.length) {
            stored.#metadataStart = metadataStart;
            stored.#metadataEnd = metadataEnd;
        }
        return stored;
    }

    /** 0 while the object is not written (also the answer to a dry run). */
    get revision(): number {
        return this.#revision;
    }

    /** Sets the revision that the store gave to the write; calling it again has no effect. */
    commit(revision: number): this {
        if (this.#revision === 0) this.#revision = revision;
        return this;
    }

    /** The same state under another revision: what a DELETED event shows. */
    withRevision(revision: number): StoredObject {
        const copy = new StoredObject(this.key, this.bytes, revision);
        const parsed = this.#parsed();
        if (parsed !== undefined) copy.#draft = { ...parsed, metadata: { ...parsed.metadata } };
        copy.#metadataStart = this.#metadataStart;
        copy.#metadataEnd = this.#metadataEnd;
        copy.#labels = this.#labels;
        return copy;
    }

    /** The frozen object. Its resourceVersion is absent while it is not written. */
    get object(): Stored<ApiObject> {
        return this.#parsed() ?? this.#materialise();
    }

    get metadata(): V1ObjectMeta & { name: string } {
        return this.object.metadata;
    }

    /** Those of the metadata, without parsing the object. */
    get labels(): SharedLabels | undefined {
        if (this.#labels === null && (this.#parsed() !== undefined || !this.#locate()))
            this.#labels = this.metadata.labels;
        return this.#labels ?? undefined;
    }

    /** True when `object` is there without parsing. */
    get isParsed(): boolean {
        return this.#parsed() !== undefined || this.#draft !== undefined;
    }

    /** Fields that field selectors see; computed once with the resource's `compute`. */
    fields(compute: (object: Stored<ApiObject>) => Record<string, string>): Record<string, string> {
        return (this.#fields ??= compute(this.object));
    }

    /** The object as a version of its resource shows it, made once per version and `epoch`. */
    view(apiVersion: string, epoch: object | undefined, make: () => StoredObject): StoredObject {
        return this.knownView(apiVersion, epoch) ?? this.setView(apiVersion, epoch, make());
    }

    knownView(apiVersion: string, epoch: object | undefined): StoredObject | undefined {
        const existing = this.#views?.get(apiVersion);
        return existing?.epoch === epoch ? existing?.view : undefined;
    }

    setView(apiVersion: string, epoch: object | undefined, view: StoredObject): StoredObject {
        (this.#views ??= new Map()).set(apiVersion, { epoch, view });
        return view;
    }

    /** Pieces whose concatenation is the object's JSON with resourceVersion; none of them is a copy. */
    wireParts(): Buffer[] {
        if (this.#revision === 0) return [this.bytes];
        const at =
            this.#metadataEnd > 0
                ? this.#metadataStart + 1
                : this.bytes.indexOf(metadataStart) + metadataStart.length;
        return [
            this.bytes.subarray(0, at),
            Buffer.from(`"resourceVersion":"${this.#revision}",`),
            this.bytes.subarray(at),
        ];
    }

    /**
     * The JSON of `metadata`, as two pieces: stored bytes, and a text behind them. The resourceVersion comes last,
     * as it does in `metadata` itself.
     */
    metadataParts(): { stored: Buffer; rest: string } {
        if (!this.#locate()) return { stored: Buffer.from(JSON.stringify(this.metadata)), rest: '' };
        const stored = this.bytes.subarray(this.#metadataStart, this.#metadataEnd - 1);
        return { stored, rest: `${this.#versionMember()}}` };
    }

    /** The JSON of `object` in pieces as `metadataParts`, then stored bytes again. */
    objectParts(): { stored: Buffer; version: string; rest: Buffer } {
        if (!this.#locate())
            return { stored: Buffer.from(JSON.stringify(this.object)), version: '', rest: nothing };
        const end = this.#metadataEnd - 1;
        return {
            stored: this.bytes.subarray(0, end),
            version: this.#versionMember(),
            rest: this.bytes.subarray(end),
        };
    }

    #versionMember(): string {
        return this.#revision === 0 ? '' : `,"resourceVersion":"${this.#revision}"`;
    }

    /** Looks for metadata and labels in the bytes, once. False where they are to be had by parsing alone. */
    #locate(): boolean {
        if (this.#metadataEnd === 0) {
            const span = findMetadata(this.bytes);
            this.#metadataEnd = span?.end ?? -1;
            this.#metadataStart = span?.start ?? 0;
            if (span !== undefined)
                this.#labels =
                    span.labelsEnd === 0
                        ? undefined
                        : sharedLabels(this.bytes.toString('utf8', span.labelsStart, span.labelsEnd));
        }
        return this.#metadataEnd > 0;
    }

    get wireLength(): number {
        return this.#revision === 0
            ? this.bytes.length
            : this.bytes.length + '"resourceVersion":"",'.length + String(this.#revision).length;
    }

    #materialise(): Stored<ApiObject> {
        const object = (this.#draft ?? JSON.parse(this.bytes.toString())) as Stored<ApiObject>;
        if (this.#draft === undefined) shareFields(object);
        this.#draft = undefined;
        if (this.#revision === 0) delete object.metadata.resourceVersion;
        else object.metadata.resourceVersion = String(this.#revision);
        const { labels = null } = object.metadata;
        if (labels !== null)
            object.metadata.labels = this.#labels ?? sharedLabels(JSON.stringify(labels)) ?? labels;
        deepFreeze(object);
        this.#object = this.bytes.length > parsedBytesMax ? new WeakRef(object) : object;
        return object;
    }

    #parsed(): Stored<ApiObject> | undefined {
        return this.#object instanceof WeakRef ? this.#object.deref() : this.#object;
    }
}

/**
 * A buffer of its own. What lives as long as the object must not hold a slab of Node's pool, of which two
 * objects with their managedFields waste half.
 */
function exactBytes(text: string): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    return bytes;
}

/** Equal sets of fields are one in memory, for all objects together. */
function shareFields({ metadata: { managedFields } }: Stored<ApiObject>): void {
    for (const entry of managedFields ?? []) {
        try {
            entry.fieldsV1 = decodeFields(entry.fieldsV1 ?? {});
        } catch {
            // Whoever tracks the next write finds them unreadable.
        }
    }
}
