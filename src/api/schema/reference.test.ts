import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { mergeSemantics } from './merge-semantics.ts';
import { renderOpenApiV2, type SwaggerOperation } from './openapi-v2.ts';
import type { JsonSchema } from './openapi/published-types.ts';
import { schema } from './schema.ts';

/** What upstream publishes; not part of the project, so these tests pass over it where it is missing. */
const directory = process.env.HYPERKUBE_REFERENCE ?? join(process.cwd(), '..', 'shared', 'reference');
const mergeFile = join(directory, 'merge-semantics.tsv');
const openApiFile = join(directory, 'openapi-v1.36.json');
const whereThere = (file: string) => (existsSync(file) ? describe : describe.skip);

whereThere(mergeFile)('merge semantics against upstream', () => {
    it('are the same for every type that is served', () => {
        const known = new Set(
            schema()
                .typeNames()
                .map((name) => schema().openApiNameOf(name)),
        );
        const differences: unknown[] = [];
        for (const line of readFileSync(mergeFile, 'utf8').split('\n').slice(1)) {
            const [type = '', field = '', listType, keys, strategy, mergeKey, mapType] = line.split('\t');
            if (!known.has(type)) continue;
            const { atomic, fields } = mergeSemantics(type);
            const merge = fields.get(field) ?? {};
            const mine = field.startsWith('(')
                ? ['', '', '', '', atomic ? 'atomic' : '']
                : [
                      merge.listType,
                      merge.listMapKeys?.join(),
                      merge.patchStrategy?.join(),
                      merge.patchMergeKey,
                      merge.mapType,
                  ];
            const theirs = [listType, keys, strategy, mergeKey, mapType].map((text) => text ?? '');
            if (theirs.join('|') !== mine.map((text) => text ?? '').join('|'))
                differences.push([type, field, theirs, mine]);
        }
        expect(differences).toEqual([]);
    });
});

/** With keys in order and without sentences, which are the project's own in places. */
function comparable(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(comparable);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value)
        .filter(([key, member]) => key !== 'description' || typeof member !== 'string')
        .map(([key, member]): [string, unknown] => [
            key,
            key === 'required' && Array.isArray(member)
                ? [...(member as string[])].sort()
                : comparable(member),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
}

interface Reference {
    definitions: Record<string, JsonSchema>;
    paths: Record<string, Record<string, SwaggerOperation>>;
}

whereThere(openApiFile)('OpenAPI v2 against upstream', () => {
    const reference = JSON.parse(
        existsSync(openApiFile) ? readFileSync(openApiFile, 'utf8') : '{}',
    ) as Reference;
    const document = renderOpenApiV2();
    /** These stand in every group; here there are fewer. */
    const inEveryGroup = new Set(
        ['DeleteOptions', 'WatchEvent'].map((kind) => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`),
    );
    /** Only API groups in alpha and beta refer to it. */
    const notServed = new Set(['io.k8s.apimachinery.pkg.apis.meta.v1.GroupResource']);

    it('every GA type has the same fields, formats, requirements, merge keys and kinds', () => {
        const differences: unknown[] = [];
        for (const [name, theirs] of Object.entries(reference.definitions)) {
            if (/(alpha|beta)\d/.test(name) || notServed.has(name)) continue;
            const mine = document.definitions[name] ?? {};
            const drop = inEveryGroup.has(name) ? { 'x-kubernetes-group-version-kind': [] } : {};
            const [a, b] = [theirs, mine].map((definition) =>
                JSON.stringify(comparable({ ...definition, ...drop })),
            );
            if (a !== b) differences.push([name, a, b]);
        }
        expect(differences).toEqual([]);
        expect(Object.keys(document.definitions).filter((name) => !(name in reference.definitions))).toEqual(
            [],
        );
    });

    it('every GA path has the same operations, kinds and answers', () => {
        const summary = (operation: SwaggerOperation | undefined) =>
            operation && [
                operation.operationId,
                operation['x-kubernetes-action'],
                comparable(operation['x-kubernetes-group-version-kind']),
                Object.entries(operation.responses).map(([code, { schema: answer }]) => [code, answer?.$ref]),
            ];
        const differences: unknown[] = [];
        for (const [path, operations] of Object.entries(reference.paths)) {
            if (path.includes('/watch/') || !/^\/(api|apis\/[^/]+)\/v\d\/./.test(path)) continue;
            for (const [method, operation] of Object.entries(operations)) {
                if (method === 'parameters') continue;
                const mine = summary(document.paths[path]?.[method] as SwaggerOperation | undefined);
                const theirs = summary(operation);
                if (JSON.stringify(mine) !== JSON.stringify(theirs))
                    differences.push([path, method, theirs, mine]);
            }
        }
        expect(differences).toEqual([]);
    });
});
