import { describe, expect, it } from '@jest/globals';
import { parseRequestInfo } from './request-info.ts';

function brief(method: string, url: string): string {
    const [path = '', query = ''] = url.split('?');
    const info = parseRequestInfo(method, path, new URLSearchParams(query));
    if (info.kind === 'nonResource') return `${info.verb} ${info.path}`;
    const { verb, group, version, namespace, resource, subresource, name } = info;
    return [verb, `${group}/${version}`, namespace, resource, name, subresource].join('|');
}

describe('request info', () => {
    it.each([
        ['GET', '/api/v1/pods', 'list|/v1||pods||'],
        ['GET', '/api/v1/pods?watch=true', 'watch|/v1||pods||'],
        ['GET', '/api/v1/pods?watch=0', 'list|/v1||pods||'],
        ['GET', '/api/v1/namespaces/a/pods/b', 'get|/v1|a|pods|b|'],
        ['POST', '/api/v1/namespaces/a/pods/b/exec', 'create|/v1|a|pods|b|exec'],
        ['GET', '/api/v1/namespaces', 'list|/v1||namespaces||'],
        ['GET', '/api/v1/namespaces/a', 'get|/v1|a|namespaces|a|'],
        ['PUT', '/api/v1/namespaces/a/finalize', 'update|/v1|a|namespaces|a|finalize'],
        ['PATCH', '/api/v1/namespaces/a/status', 'patch|/v1|a|namespaces|a|status'],
        ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection|apps/v1|a|deployments||'],
        ['DELETE', '/apis/apps/v1/namespaces/a/deployments/d', 'delete|apps/v1|a|deployments|d|'],
        ['GET', '/api/v1/watch/namespaces/a/pods', 'watch|/v1|a|pods||'],
        ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list|/v1||pods|x|'],
        ['GET', '/api/v1/nodes/n/proxy/a/b', 'get|/v1||nodes|n|proxy'],
        ['GET', '/apis/apps/v1', 'get /apis/apps/v1'],
        ['GET', '/healthz', 'get /healthz'],
    ])('%s %s is %s', (method, url, expected) => {
        expect(brief(method, url)).toBe(expected);
    });
});
