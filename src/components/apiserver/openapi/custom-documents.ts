import { createHash } from 'node:crypto';
import type { CustomResourceGroupVersion } from '../../../api/schema/openapi/custom-resources.ts';
import { type OpenApiV2Bytes, openApiV2Bytes } from '../../../api/schema/openapi-v2.ts';
import type { ForeignOpenApi } from '../aggregation/extension-openapi.ts';
import { mergeSwagger } from '../aggregation/merge-swagger.ts';
import { type OpenApiBytes, openApiV3CustomDocument } from '../../../api/schema/openapi-v3.ts';

/** Documents of group versions that are kept; others are rendered again when they are asked for. */
const documentsMax = 32;

/** Custom resources as documents describe them. */
export interface PublishedResources {
    /** Changes whenever `published` gives something else. */
    readonly revision: number;
    /** `signature` changes with what the group version holds. */
    published(): { groupVersion: CustomResourceGroupVersion; signature: string }[];
}

/** The documents that custom resources change, rendered when they are first asked for after a change. */
export class CustomDocuments {
    readonly #source: PublishedResources;
    readonly #v3 = new Map<string, OpenApiBytes>();
    #v2: { key: string; bytes: OpenApiV2Bytes } | undefined;

    constructor(source: PublishedResources) {
        this.#source = source;
    }

    /**
     * Undefined while there are neither custom resources nor foreign documents: then the document is the built-in
     * one.
     */
    async v2(foreign?: ForeignOpenApi): Promise<OpenApiV2Bytes | undefined> {
        const { revision } = this.#source;
        const others = await foreign?.v2();
        const key = `${revision}/${others?.signature ?? ''}`;
        if (this.#v2?.key === key) return this.#v2.bytes;
        const published = this.#source.published();
        this.#v2 = undefined;
        const documents = (await others?.read()) ?? [];
        if (published.length === 0 && documents.length === 0) return undefined;
        const bytes = openApiV2Bytes(
            published.map(({ groupVersion }) => groupVersion),
            (document) => {
                for (const one of documents) mergeSwagger(document, one);
            },
        );
        this.#v2 = { key, bytes };
        return bytes;
    }

    /** Hashes by path ("apis/example.com/v1"), without rendering anything. */
    v3Hashes(): Map<string, string> {
        return new Map(
            this.#source
                .published()
                .map(({ groupVersion, signature }) => [pathOf(groupVersion), hashOf(signature)]),
        );
    }

    v3(path: string): OpenApiBytes | undefined {
        const found = this.#source.published().find(({ groupVersion }) => pathOf(groupVersion) === path);
        if (found === undefined) {
            this.#v3.delete(path);
            return undefined;
        }
        const hash = hashOf(found.signature);
        const known = this.#v3.get(path);
        if (known?.hash === hash) return known;
        const { gzip } = openApiV3CustomDocument(found.groupVersion);
        const document = { gzip, hash };
        this.#v3.delete(path);
        for (const oldest of this.#v3.keys()) {
            if (this.#v3.size < documentsMax) break;
            this.#v3.delete(oldest);
        }
        this.#v3.set(path, document);
        return document;
    }
}

function pathOf({ group, version }: CustomResourceGroupVersion): string {
    return `apis/${group}/${version}`;
}

function hashOf(signature: string): string {
    return createHash('sha512').update(signature).digest('hex').toUpperCase();
}
