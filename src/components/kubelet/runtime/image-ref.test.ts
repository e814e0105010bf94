import { describe, it, expect } from '@jest/globals';
import { formatImageReference, isImageId, parseImageReference } from './image-ref.ts';

const normal = (text: string): string => formatImageReference(parseImageReference(text));
const digest = `sha256:${'a'.repeat(64)}`;

describe('image references', () => {
    it.each([
        ['busybox', 'docker.io/library/busybox:latest'],
        ['busybox:1.36', 'docker.io/library/busybox:1.36'],
        ['user/app', 'docker.io/user/app:latest'],
        ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
        ['localhost/app', 'localhost/app:latest'],
        ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1'],
        ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
        [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
        [`quay.io/a/b:v1@${digest}`, `quay.io/a/b:v1@${digest}`],
    ])('%s is normalised as Docker does it', (text, expected) => {
        expect(normal(text)).toBe(expected);
    });

    it.each([
        [
            'Busybox',
            'couldn\'t parse image name "Busybox": invalid reference format: repository name must be lowercase',
        ],
        ['a b', 'couldn\'t parse image name "a b": invalid reference format'],
        ['', 'couldn\'t parse image name "": invalid reference format'],
        ['app:', 'couldn\'t parse image name "app:": invalid reference format'],
        ['app@sha256:12', 'couldn\'t parse image name "app@sha256:12": invalid reference format'],
        ['a//b', 'couldn\'t parse image name "a//b": invalid reference format'],
    ])("%s is refused in upstream's words", (text, message) => {
        expect(() => parseImageReference(text)).toThrow(message);
    });

    it('an id is told from a name', () => {
        expect(isImageId(digest)).toBe(true);
        expect(isImageId('busybox')).toBe(false);
    });
});
