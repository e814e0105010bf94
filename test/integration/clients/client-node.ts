import workers from 'node:worker_threads';
import zlib from 'node:zlib';

/**
 * The official JavaScript client. The HTTP library below it is written for Node.js 22; these are the functions that it
 * misses in Node.js 20: a decompressor for an encoding that nobody asks for, a mark that no request needs, and a
 * short way to write a promise.
 */
const compression = zlib as { createZstdDecompress?: () => never };
compression.createZstdDecompress ??= () => {
    throw new Error('there is no zstd in this version of Node.js');
};
const threads = workers as { markAsUncloneable?: () => void };
threads.markAsUncloneable ??= () => undefined;
const promises = Promise as { withResolvers?: () => object };
promises.withResolvers ??= () => {
    let resolve: unknown;
    let reject: unknown;
    const promise = new Promise((...settle) => ([resolve, reject] = settle));
    return { promise, resolve, reject };
};

export const k8s = await import('@kubernetes/client-node');
