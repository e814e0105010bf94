import { expect, it } from '@jest/globals';
import { isHostPort } from './host-port.ts';

it.each([
    ['host:80', true],
    [':80', true],
    ['host:', true],
    ['[::1]:80', true],
    ['host', false],
    ['::1:80', false],
    ['[::1]', false],
    ['[::1]80', false],
    ['[::1]:80]', false],
    ['a[b:80', false],
])('%s is a host with a port: %s', (text, expected) => {
    expect(isHostPort(text)).toBe(expected);
});
