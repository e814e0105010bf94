import { examples, widget } from './objects.ts';
import { notAcceptable, unsupportedMediaType, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;
const acceptable = /^only the following media types are accepted: application\/json, application\/yaml/;
const bodies =
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf';
const patchTypes =
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml';

/** What cannot be answered. */
const accepts = [
    'text/html',
    'image/png',
    'application/xml',
    'application/cbor',
    'application/json;q=0',
    'application/json;as=Table;g=meta.k8s.io;v=v9',
    'application/json;as=Table;g=other.example.com;v=v1',
    'application/json;as=Table',
    'application/json;as=Chair;g=meta.k8s.io;v=v1',
    'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v0',
];

export function negotiation(): WrongRequest[] {
    return [
        ...accepts.flatMap((accept) =>
            [maps, `${maps}/right`, `${widget.collection}/right`].map((path) => ({
                name: `Accept: ${accept}`,
                method: 'GET',
                path,
                headers: { accept },
                expect: notAcceptable(acceptable),
            })),
        ),
        {
            name: 'a picture of a watch',
            method: 'GET',
            path: `${maps}?watch=1`,
            headers: { accept: 'image/png' },
            expect: notAcceptable(/^only the following media types are accepted: application\/json/),
        },
        {
            name: 'a write whose answer cannot be given',
            method: 'POST',
            path: maps,
            headers: { accept: 'text/html' },
            body: { metadata: { name: 'wrong' } },
            expect: notAcceptable(acceptable),
        },
        {
            name: 'a deletion whose answer cannot be given',
            method: 'DELETE',
            path: `${maps}/right`,
            headers: { accept: 'application/xml' },
            expect: notAcceptable(acceptable),
        },
        {
            name: 'a patch whose answer cannot be given',
            method: 'PATCH',
            path: `${maps}/right`,
            headers: { accept: 'application/xml', 'content-type': 'application/merge-patch+json' },
            body: { data: { a: 'b' } },
            expect: notAcceptable(acceptable),
        },
        ...['application/json', 'text/plain', 'application/merge-patch+yaml', 'application/json-patch'].map(
            (type) => ({
                name: `a patch of type ${type}`,
                method: 'PATCH',
                path: `${maps}/right`,
                headers: { 'content-type': type },
                body: { data: { a: 'b' } },
                expect: unsupportedMediaType(patchTypes),
            }),
        ),
        {
            name: 'a strategic merge patch of a custom resource',
            method: 'PATCH',
            path: `${widget.collection}/right`,
            headers: { 'content-type': 'application/strategic-merge-patch+json' },
            body: { spec: { size: 4 } },
            expect: unsupportedMediaType(
                'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
            ),
        },
        {
            name: 'protobuf for a custom resource',
            method: 'POST',
            path: widget.collection,
            headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
            body: Buffer.from('k8s\0'),
            expect: unsupportedMediaType(
                'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
            ),
        },
        {
            name: 'CBOR',
            method: 'PUT',
            path: `${maps}/right`,
            headers: { 'content-type': 'application/cbor' },
            body: 'x',
            expect: unsupportedMediaType(bodies),
        },
        {
            name: 'delete options as text',
            method: 'DELETE',
            path: `${maps}/right`,
            headers: { 'content-type': 'text/plain' },
            body: 'x',
            expect: unsupportedMediaType(bodies),
        },
        {
            name: 'a table with an unknown choice of objects',
            method: 'GET',
            path: `${maps}?includeObject=Some`,
            headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
            expect: { code: 400, reason: 'BadRequest', message: /includeObject/ },
        },
    ];
}
