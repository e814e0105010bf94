import { describe, expect, it } from '@jest/globals';
import type { ApiRequest } from '../request.ts';
import { negotiate } from './negotiate.ts';

const accept = (header: string | undefined, query = '', isWatch = false): string => {
    const headers = header === undefined ? {} : { accept: header };
    const request = { headers, query: new URLSearchParams(query) } as unknown as ApiRequest;
    const { serializer, shape } = negotiate(request, { isWatch });
    const version = shape.type !== 'object' && shape.version !== 'v1' ? ` ${shape.version}` : '';
    return `${serializer} ${shape.type}${version}${shape.type === 'table' ? ` ${shape.includeObject}` : ''}`;
};

describe('content negotiation', () => {
    it.each([
        [undefined, 'json object'],
        ['*/*', 'json object'],
        ['application/json, */*', 'json object'],
        ['application/yaml', 'yaml object'],
        ['application/vnd.kubernetes.protobuf,application/json', 'json object'],
        ['application/yaml;q=0.5,application/json', 'json object'],
        ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json table Metadata'],
        ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'json table v1beta1 Metadata'],
        ['application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io', 'json partial v1beta1'],
        ['application/json;as=Table;v=v1alpha1;g=meta.k8s.io,application/json', 'json object'],
        ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'json partial'],
    ])('answers %s with %s', (header, expected) => {
        expect(accept(header)).toBe(expected);
    });

    it('looks at includeObject for tables', () => {
        const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
        expect(accept(table, 'includeObject=Object')).toBe('json table Object');
        expect(() => accept(table, 'includeObject=x')).toThrow('unrecognized includeObject value: "x"');
    });

    it('is 406 where nothing fits, as YAML for a watch', () => {
        expect(() => accept('application/vnd.kubernetes.protobuf')).toThrow(
            'only the following media types are accepted: application/json, application/yaml',
        );
        expect(() => accept('application/yaml', '', true)).toThrow('only the following media types');
    });
});
